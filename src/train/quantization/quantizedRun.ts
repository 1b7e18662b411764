import type * as tf from '../../runtime/tf.ts';
import { type QuantizationAwareOptions, type QuantizationReport, quantizationSettings } from '../quantizationAware.ts';
import { openFakeQuantizer } from './fakeQuantizer.ts';

/** Fake quantization for the steps of a run, from the one on that the options say; the model is plain again afterwards. */
export interface QuantizedRun extends Disposable {
  /** See `LoopOptions.beforeStep`. */
  beforeStep(step: number, steps: number): boolean;
  report(): Promise<QuantizationReport | undefined>;
}

/** Throws    invalid-option: a name in `exclude` that no layer has */
export function openQuantizedRun(
  model: tf.LayersModel,
  given: true | QuantizationAwareOptions | undefined,
): QuantizedRun {
  if (given === undefined) {
    return { beforeStep: () => false, report: async () => undefined, [Symbol.dispose]: () => undefined };
  }
  const settings = quantizationSettings(given);
  const quantizer = openFakeQuantizer(model, settings);
  let startStep: number | undefined;
  return {
    beforeStep(step, steps) {
      if (startStep !== undefined || step < Math.floor(settings.startFraction * steps)) return false;
      startStep = step + 1;
      quantizer.start();
      return true;
    },
    async report() {
      const { weightBits, activationBits, perChannel } = settings;
      return { weightBits, activationBits, perChannel, startStep, ...(await quantizer.report()) };
    },
    [Symbol.dispose]: () => quantizer[Symbol.dispose](),
  };
}
