import { count, given, type OptionsOf, oneOf, schema, text } from '../core/schema.ts';
import type { WorkerOption } from '../workers/host.ts';
import { isByName } from './input/byName.ts';
import type { ModelInput } from './input/modelInput.ts';
import { checkModelInput } from './input/modelInputCheck.ts';
import type { ReadOutputs } from './read.ts';

/** What every teacher that is loaded takes. Its reader says 'snapshot', which takes nothing else. */
export const LOADED = schema('snapshot', {
  /**
   * Turns raw outputs into what losses compare. A reading of this package, such as `sumOverTime`, runs in an ONNX teacher's
   * worker, any other function on the calling thread. Default: the outputs as they are, an only output under 'logits'.
   */
  read: given<ReadOutputs>(),
  /** How arrays of the dataset become the model's inputs, for all or by input name; done on the teacher's thread. */
  input: given<ModelInput | Readonly<Record<string, ModelInput>>>((input) => {
    for (const one of isByName(input) ? Object.values(input) : [input]) checkModelInput(one);
  }),
  /**
   * What the output 'logits' holds: probabilities are given as their logarithms, which losses read as logits. Default: what
   * the model says, which may end in a softmax; where it says nothing, its first answers do.
   */
  given: oneOf('logits', 'probs')(),
  /** Default: the cores of the device, 4 at most; 1 where the page is not cross-origin isolated, and where memory is short (iOS). */
  threads: count()(),
  /**
   * limbeck's own worker ('shipped'), one that you make, or 'none': on this thread. There a tfjs model runs on tfjs's current
   * backend, or on one of limbeck's where there is none yet: open a trainer of that thread first. Default: 'shipped'.
   */
  worker: given<WorkerOption>(),
  /** The folder that serves the package's .wasm files. Default: next to the code. */
  assetBase: text(),
  /** Name for reports. Default: the model's. */
  name: text(),
  /** Stops the loading. */
  signal: given<AbortSignal>(),
});

/** How a teacher is fed and read, and where it runs. */
export interface LoadedTeacherOptions extends OptionsOf<typeof LOADED> {}
