import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { yieldToEvents } from '../../core/yield.ts';
import type { Dataset } from '../../data/dataset.ts';
import { pruneInside } from '../../onnx/edit/prune.ts';
import { type OnnxModel, onnx, readModel, writeModel } from '../../onnx/model.ts';
import { intAttribute } from '../../onnx/simplify/nodes.ts';
import type { CalibrationMethod, QuantizeEvent } from '../quantizeOptions.ts';
import { countValues, entropyRange, type Histogram, makeHistogram, percentileRange, type Range } from './histogram.ts';
import { BATCH, batchesOf, openRunner, type RunnerOptions } from './runner.ts';

export interface CalibrateOptions extends RunnerOptions {
  readonly data: Dataset;
  readonly examples: number;
  readonly method: CalibrationMethod;
  readonly percentile: number;
  readonly emit: (event: QuantizeEvent) => void;
  readonly signal: AbortSignal;
}

/** Values of inner tensors to count in one pass over the data. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * The ranges of inner tensors over some examples. A tensor that never has a finite value has none.
 * Throws    not-finite: a tensor with NaN · what loadTeacher and the dataset throw · AbortError
 */
export async function calibrate(
  model: OnnxModel,
  tensors: readonly string[],
  options: CalibrateOptions,
): Promise<Map<string, Range>> {
  if (tensors.length === 0) return new Map();
  if (options.method === 'minmax') return extremes(model, tensors, options);
  const sizes = await sizesOf(model, tensors, options);
  const ranges = new Map<string, Range>();
  const chunks = chunksOf(tensors, sizes);
  const total = chunks.length * Math.min(options.examples, options.data.size);
  let done = 0;
  for (const chunk of chunks) {
    const histograms = new Map<string, Histogram>(chunk.map((tensor) => [tensor, makeHistogram()]));
    const tapped = withOutputs(model, (graph) => {
      graph.output = chunk.map((name) => onnx.value({ name }));
    });
    done = await walk(tapped, options, { done, total }, (outputs) => {
      for (const [tensor, histogram] of histograms)
        countValues(histogram, outputs[tensor]?.data ?? new Float32Array(0));
    });
    for (const [tensor, histogram] of histograms) {
      if (histogram.least > histogram.most) continue;
      await yieldToEvents();
      throwIfAborted(options.signal);
      const { method, percentile } = options;
      ranges.set(tensor, method === 'entropy' ? entropyRange(histogram) : percentileRange(histogram, percentile));
    }
  }
  return ranges;
}

/** The model itself computes minimum and maximum, so that a batch returns two numbers per tensor. */
async function extremes(
  model: OnnxModel,
  tensors: readonly string[],
  options: CalibrateOptions,
): Promise<Map<string, Range>> {
  const ranges = new Map<string, Range>();
  const reduced = withOutputs(model, (graph) => {
    graph.output = [];
    tensors.forEach((tensor, i) => {
      for (const opType of ['ReduceMin', 'ReduceMax']) {
        const name = `@${opType} ${i}`;
        const attribute = [intAttribute('keepdims', 0)];
        graph.node.push(onnx.node({ opType, input: [tensor], output: [name], attribute }));
        graph.output.push(onnx.value({ name, type: { tensorType: { elemType: 1, shape: { dim: [] } } } }));
      }
    });
  });
  const total = Math.min(options.examples, options.data.size);
  await walk(reduced, options, { done: 0, total }, (outputs) => {
    tensors.forEach((tensor, i) => {
      const least = outputs[`@ReduceMin ${i}`]?.data[0] ?? Number.NaN;
      const most = outputs[`@ReduceMax ${i}`]?.data[0] ?? Number.NaN;
      if (!Number.isFinite(least) || !Number.isFinite(most)) throw notFinite(tensor);
      const before = ranges.get(tensor);
      ranges.set(tensor, {
        least: Math.min(least, before?.least ?? least),
        most: Math.max(most, before?.most ?? most),
      });
    });
  });
  return ranges;
}

function notFinite(tensor: string): LimbeckError {
  return new LimbeckError(
    'not-finite',
    `The inner tensor "${tensor}" took values that are no finite numbers on the calibration data, so it has no range. ` +
      'Leave its node out with "exclude", or look at the data.',
    { details: { tensor } },
  );
}

/** How many elements each tensor has in one batch. */
async function sizesOf(model: OnnxModel, tensors: readonly string[], options: CalibrateOptions): Promise<number[]> {
  const sized = withOutputs(model, (graph) => {
    graph.output = tensors.map((tensor, i) => {
      const name = `@Size ${i}`;
      graph.node.push(onnx.node({ opType: 'Size', input: [tensor], output: [name] }));
      return onnx.value({ name, type: { tensorType: { elemType: 7, shape: { dim: [] } } } });
    });
  });
  let sizes: number[] = [];
  await walk(sized, { ...options, examples: BATCH, emit: () => undefined }, { done: 0, total: BATCH }, (outputs) => {
    sizes = tensors.map((_, i) => Math.max(sizes[i] ?? 0, Number(outputs[`@Size ${i}`]?.data[0] ?? 0)));
  });
  return sizes;
}

function chunksOf(tensors: readonly string[], sizes: readonly number[]): string[][] {
  const chunks: string[][] = [];
  let room = 0;
  tensors.forEach((tensor, i) => {
    const bytes = 4 * (sizes[i] ?? 0);
    if (bytes > room) {
      chunks.push([]);
      room = MOST_BYTES;
    }
    chunks.at(-1)?.push(tensor);
    room -= bytes;
  });
  return chunks;
}

/** A copy of the model with other outputs. */
function withOutputs(model: OnnxModel, change: (graph: OnnxModel['graph']) => void): Uint8Array {
  const copy = readModel(writeModel(model));
  change(copy.graph);
  pruneInside(copy.graph);
  return writeModel(copy);
}

async function walk(
  bytes: Uint8Array,
  options: CalibrateOptions,
  progress: { readonly done: number; readonly total: number },
  look: (outputs: NamedArrays) => void,
): Promise<number> {
  const { data, examples, emit, signal } = options;
  const runner = await openRunner(bytes, options, signal);
  let { done } = progress;
  try {
    for await (const batch of batchesOf(data, examples, runner, signal)) {
      look(await runner.run(batch.inputs, signal));
      done = progress.done + batch.done;
      emit({ type: 'calibrate', examples: done, total: progress.total });
    }
  } finally {
    await runner[Symbol.asyncDispose]();
  }
  return done;
}
