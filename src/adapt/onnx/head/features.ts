import { LimbeckError, throwIfAborted } from '../../../core/errors.ts';
import { putRows } from '../../../core/rows.ts';
import { firstNonFinite, formatShape, type NdArray } from '../../../core/shape.ts';
import { type Dataset, type LabelledDataset, UNLABELLED } from '../../../data/dataset.ts';
import { batches } from '../../../data/views.ts';
import { type PoolingOptions, placeAxes, poolingOf } from '../../../onnx/edit/pooling.ts';
import { nextBatchSize, type Teacher } from '../../../teacher/teacher.ts';

/** The names under which the logits of the model's own classes and the tapped values are asked for. */
export const OWN_LOGITS = 'own logits';
export const featuresName = (at: number) => `features ${at}`;

/** A backbone's answers for some examples. */
export interface Features {
  /** By tapped value; undefined for one of several that makes no features. */
  readonly values: readonly (Value | undefined)[];
  /** Of the model's own classes, [N, C], where it was asked for them and they are rows of finite numbers. */
  readonly logits: NdArray | undefined;
  /** −1 where the data has none. */
  readonly labels: Int32Array;
}

export interface Value {
  /** [N, F] */
  readonly rows: NdArray;
  /** Of the tapped value, with its batch. */
  readonly shape: readonly number[];
}

/** Where all examples are read and answered, batch by batch. */
export interface ReadFeaturesOptions {
  readonly backbone: Pick<Teacher, 'ask' | 'description'>;
  /** How many values are tapped. */
  readonly taps: number;
  readonly form: PoolingOptions;
  readonly signal: AbortSignal;
  readonly tell: (answered: number) => void;
}

/**
 * Asks a backbone about every example once and keeps the features alone, 4 bytes each.
 * Throws    shape-mismatch: the only value makes no features [B, F] by this pooling · not-finite, and what backbone and
 *           data throw
 */
export async function readFeatures(
  data: Dataset | LabelledDataset,
  { backbone, taps, form, signal, tell }: ReadFeaturesOptions,
): Promise<Features> {
  const tables: Record<string, NdArray> = {};
  const shapes: (readonly number[])[] = [];
  const failed = new Map<number, unknown>();
  // Rows of another width than the first batch's are left out.
  const putTable = (name: string, rows: NdArray, from: number) => {
    if (tables[name] === undefined || tables[name].shape[1] === rows.shape[1])
      putRows(tables, { [name]: rows }, data.size, from);
  };
  const labels = new Int32Array(data.size).fill(UNLABELLED);
  for await (const { indices, examples } of batches(data, () => nextBatchSize(backbone), { signal })) {
    throwIfAborted(signal);
    const answers = await backbone.ask(examples.inputs, signal);
    const from = indices[0] as number;
    for (let at = 0; at < taps; at++) {
      if (failed.has(at)) continue;
      const value = answers[featuresName(at)];
      if (value === undefined) throw new LimbeckError('internal', `The backbone gave no "${featuresName(at)}".`);
      try {
        const pooled = pooledRows(value, form, from, indices.length);
        if (at > 0 && (pooled.shape[1] as number) > MOST_FEATURES) throw tooWide(pooled);
        putTable(featuresName(at), pooled, from);
        shapes[at] = value.shape;
      } catch (error) {
        // One of several values may fail: it is left out.
        if (taps === 1 || !(error instanceof LimbeckError)) throw error;
        failed.set(at, error);
        if (failed.size === taps) throw failed.get(0);
      }
    }
    const own = answers[OWN_LOGITS];
    if (own?.shape.length === 2 && own.shape[0] === indices.length)
      putTable(OWN_LOGITS, { data: Float32Array.from(own.data), shape: own.shape }, from);
    if ('labels' in examples) labels.set(examples.labels as Int32Array, from);
    tell(indices.length);
  }
  const logits = tables[OWN_LOGITS];
  return {
    values: Array.from({ length: taps }, (_, at) => {
      const [rows, shape] = [tables[featuresName(at)], shapes[at]];
      return failed.has(at) || !rows || !shape ? undefined : { rows, shape };
    }),
    logits: logits && firstNonFinite(logits.data) < 0 ? logits : undefined,
    labels,
  };
}

/** Limit for a value that was not named: features are kept for every example. */
const MOST_FEATURES = 4096;

function tooWide({ shape }: NdArray): LimbeckError {
  return new LimbeckError(
    'shape-mismatch',
    `The value makes ${shape[1]} features; ${MOST_FEATURES} at most are tried.`,
  );
}

/** Throws    shape-mismatch · not-finite */
function pooledRows(value: NdArray, form: PoolingOptions, from: number, count: number): NdArray {
  const pooled = poolValues(value, form);
  checkFinite(pooled, from);
  if (pooled.shape[0] === count) return pooled;
  throw new LimbeckError(
    'shape-mismatch',
    `The tapped value is ${formatShape(value.shape)} for ${count} examples; its first axis must be theirs. Tap another value.`,
    { details: { shape: value.shape, examples: count } },
  );
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
