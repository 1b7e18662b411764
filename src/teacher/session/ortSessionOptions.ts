import { checkCount } from '../../core/options.ts';
import { flag, given, type OptionsOf, oneOf, schema } from '../../core/schema.ts';

export const ORT_SESSION = schema('session', {
  /** Default: 'all'. */
  graphOptimizationLevel: oneOf('disabled', 'basic', 'extended', 'layout', 'all')(),
  /** 'parallel' runs independent branches of the graph side by side. Default: 'sequential'. */
  executionMode: oneOf('sequential', 'parallel')(),
  /** Lengths for free dimensions, by the names that the model gives them. */
  freeDimensionOverrides: given<Readonly<Record<string, number>>>((lengths) => {
    for (const [name, length] of Object.entries(lengths)) checkCount(length, name);
  }),
  /** Whether onnxruntime keeps memory for the next run. Default: as onnxruntime decides. */
  enableCpuMemArena: flag(),
  /** Whether onnxruntime plans its memory by the first run. Default: as onnxruntime decides. */
  enableMemPattern: flag(),
  /** onnxruntime's own configuration entries, such as { session: { set_denormal_as_zero: '1' } }. */
  extra: given<Readonly<Record<string, unknown>>>(),
});

/** Settings of onnxruntime's sessions that may be worth a try; the defaults are the fast ones. */
export interface OrtSessionOptions extends OptionsOf<typeof ORT_SESSION> {}
