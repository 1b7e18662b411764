import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import { firstNonFinite, formatShape, type NdArray } from '../../core/shape.ts';
import type { LabelledDataset } from '../../data/dataset.ts';
import { batches } from '../../data/views.ts';
import { type PoolingOptions, placeAxes, poolingOf } from '../../onnx/pooling.ts';
import { nextBatchSize, type Teacher } from '../../teacher/teacher.ts';

/** The name under which the tapped value is asked for. */
export const FEATURES = 'features';

/** What a backbone says of some examples. */
export interface Features {
  /** [N, F] */
  readonly rows: NdArray;
  readonly labels: Int32Array;
  /** Of the tapped value, with its batch. */
  readonly shape: readonly number[];
}

/** Where all examples are read and answered, batch by batch. */
export interface ReadFeaturesOptions {
  readonly backbone: Teacher;
  readonly form: PoolingOptions;
  readonly signal: AbortSignal;
  readonly tell: (answered: number) => void;
}

/**
 * Asks a backbone about every example once and keeps the features alone, 4 bytes each.
 * Throws    shape-mismatch: no features [B, F] by this pooling · not-finite, and what backbone and data throw
 */
export async function readFeatures(
  data: LabelledDataset,
  { backbone, form, signal, tell }: ReadFeaturesOptions,
): Promise<Features> {
  let rows: Float32Array | undefined;
  let width = 0;
  let shape: readonly number[] = [];
  const labels = new Int32Array(data.size);
  for await (const { indices, examples } of batches(data, () => nextBatchSize(backbone), { signal })) {
    throwIfAborted(signal);
    const { [FEATURES]: value } = await backbone.ask(examples.inputs, signal);
    if (value === undefined) throw new LimbeckError('internal', `The backbone gave no "${FEATURES}".`);
    shape = value.shape;
    const pooled = poolValues(value, form);
    width = pooled.shape[1] as number;
    const from = indices[0] as number;
    checkFinite(pooled, from);
    rows ??= new Float32Array(data.size * width);
    rows.set(pooled.data, from * width);
    labels.set(examples.labels, from);
    tell(indices.length);
  }
  return { rows: { data: rows ?? new Float32Array(0), shape: [data.size, width] }, labels, shape };
}

/** The class of every example, before anything is asked. */
export async function readLabels(data: LabelledDataset, signal: AbortSignal): Promise<Int32Array> {
  const labels = new Int32Array(data.size);
  for await (const { indices, examples } of batches(data, 256, { signal })) {
    throwIfAborted(signal);
    labels.set(examples.labels, indices[0] as number);
  }
  return labels;
}

/**
 * The features of a value, as the nodes of the head will compute them.
 * Shapes    [B, F] · [B, C, …] or [B, …, C] → [B, C] · flattened [B, all]
 * Throws    shape-mismatch
 */
export function poolValues({ data, shape }: NdArray, form: PoolingOptions): NdArray {
  const rank = shape.length;
  const { pooling, channels } = poolingOf(rank, form, `the tapped value ${formatShape(shape)}`);
  const batch = shape[0] as number;
  if (pooling === 'none' || pooling === 'flatten')
    return { data: Float32Array.from(data), shape: [batch, batch === 0 ? 0 : data.length / batch] };
  const places = placeAxes(rank, channels).reduce((product, axis) => product * (shape[axis] as number), 1);
  const width = shape[channels === 'first' ? 1 : rank - 1] as number;
  const [perPlace, perFeature] = channels === 'first' ? [1, places] : [width, 1];
  const out = new Float32Array(batch * width);
  for (let i = 0; i < out.length; i++) {
    const from = Math.floor(i / width) * width * places + (i % width) * perFeature;
    let total = pooling === 'max' ? Number.NEGATIVE_INFINITY : 0;
    for (let p = 0; p < places; p++) {
      const value = data[from + p * perPlace] as number;
      total = pooling === 'max' ? Math.max(total, value) : total + value;
    }
    out[i] = pooling === 'max' ? total : total / places;
  }
  return { data: out, shape: [batch, width] };
}

function checkFinite({ data, shape }: NdArray, from: number): void {
  const at = firstNonFinite(data);
  if (at < 0) return;
  const example = from + Math.floor(at / (shape[1] as number));
  throw new LimbeckError(
    'not-finite',
    `The model's features of example ${example} hold ${data[at]}. Check the example, and how it reaches the model ("input").`,
    { details: { example } },
  );
}
