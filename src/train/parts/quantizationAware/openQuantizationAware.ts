import type { OpenPart } from '../part.ts';
import { openFakeQuantizer } from './fakeQuantizer.ts';
import { quantizationSettings } from './quantizationAware.ts';

/**
 * Fake quantization for the steps of a run, from the step that the options give; the model is restored afterwards.
 * Throws    invalid-option: `exclude` names no layer
 */
export const openQuantizationAware: OpenPart = ({ job: { quantizationAware }, model }) => {
  if (!quantizationAware) return undefined;
  const settings = quantizationSettings(quantizationAware);
  const quantizer = openFakeQuantizer(model, settings);
  let startStep: number | undefined;
  return {
    changesSteps({ step, steps }) {
      if (startStep !== undefined || step < Math.floor(settings.startFraction * steps)) return false;
      startStep = step + 1;
      quantizer.start();
      return true;
    },
    async report() {
      const { weightBits, activationBits, perChannel } = settings;
      const found = await quantizer.report();
      return { quantizationAware: { weightBits, activationBits, perChannel, startStep, ...found } };
    },
    end: () => quantizer[Symbol.dispose](),
  };
};
