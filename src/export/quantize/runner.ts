import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import type { Dataset } from '../../data/dataset.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import type { QuantizeOptions } from '../quantizeOptions.ts';

/** A model in onnxruntime that returns all its outputs unchanged, whatever their shapes. */
export interface Runner extends AsyncDisposable {
  /** Examples to run at a time. */
  readonly batchSize: number;
  /** Whether the model takes no other number of examples. */
  readonly isFixed: boolean;
  run(inputs: NamedArrays, signal: AbortSignal): Promise<NamedArrays>;
}

/** How a model is fed, and where it runs. */
export type RunnerOptions = Pick<QuantizeOptions, 'input' | 'worker' | 'assetBase' | 'threads' | 'name'>;

/** Examples to run at a time, if the model takes any number. */
export const BATCH = 8;

/** Throws    what loadTeacher throws */
export async function openRunner(
  bytes: Uint8Array,
  { input, worker, assetBase, threads, name = 'model' }: RunnerOptions,
  signal: AbortSignal,
): Promise<Runner> {
  let seen: NamedArrays = {};
  // Outputs here are sums over batches, without one row per example; a `read` function is exempt from that check.
  const read = (outputs: NamedArrays): NamedArrays => {
    seen = outputs;
    return { seen: { data: new Float32Array(examples), shape: [examples] } };
  };
  let examples = 0;
  const teacher = await loadTeacher(bytes, {
    ...{ input, worker, assetBase, threads, name, read, signal },
    device: 'wasm',
    batchSize: BATCH,
  }).done;
  const firsts = Object.values(teacher.description.inputs).flatMap(([first]) => (first === undefined ? [] : [first]));
  const [first] = firsts;
  const fixed = typeof first === 'number' && firsts.every((length) => length === first) ? first : undefined;
  return {
    batchSize: fixed ?? BATCH,
    isFixed: fixed !== undefined,
    async run(inputs, stop) {
      examples = Object.values(inputs).find(({ shape }) => shape.length > 0)?.shape[0] ?? 1;
      await teacher.ask(inputs, stop);
      return seen;
    },
    [Symbol.asyncDispose]: () => teacher[Symbol.asyncDispose](),
  };
}

/**
 * The first examples of a dataset, batch by batch. An incomplete batch is filled with its last example if the model takes
 * only one size.
 */
export async function* batchesOf(
  data: Dataset,
  count: number,
  { batchSize, isFixed }: Pick<Runner, 'batchSize' | 'isFixed'>,
  signal: AbortSignal,
): AsyncGenerator<{ inputs: NamedArrays; done: number }, void, void> {
  const total = Math.min(count, data.size);
  for (let at = 0; at < total; at += batchSize) {
    throwIfAborted(signal);
    const length = isFixed ? batchSize : Math.min(batchSize, total - at);
    const indices = Int32Array.from({ length }, (_, i) => Math.min(at + i, total - 1));
    const { inputs } = await data.read(indices, signal);
    if (Object.keys(inputs).length === 0) {
      throw new LimbeckError('empty-dataset', 'The dataset gave a batch without inputs; its "read" must give them.');
    }
    yield { inputs, done: Math.min(at + batchSize, total) };
  }
}
