// How a layer computes the positions that are new, from them and from what it keeps of the earlier ones.
import { LimbeckError } from '../../core/errors.ts';
import { attention } from '../../runtime/ops/attention.ts';
import * as tf from '../../runtime/tf.ts';
import { multiHeadAttentionClass } from '../layers/multiHeadAttention.ts';
import { positionEmbeddingClass } from '../layers/positionEmbedding.ts';

type Layer = tf.layers.Layer;

/** What a layer keeps between two calls; the caller owns it. */
export type Kept = readonly tf.Tensor[];

/** Where new tokens stand in the text. */
export interface StepPlace {
  /** The positions of the n new tokens, int32 [n]. */
  readonly positions: tf.Tensor;
  /**
   * [1, 1, 1, S + n], added to attention's scores where what is kept has room for S tokens, of which some are not there yet.
   * Default: all that is kept is seen.
   */
  readonly mask?: tf.Tensor;
}

/** What a layer gives for new positions. */
export interface StepDone {
  readonly output: tf.Tensor;
  /** What it needs for the next ones. */
  readonly kept: Kept;
  /** Of what grows by a row for each token, [B, T, F], the new rows alone. */
  readonly fresh?: Kept;
}

/** One call of a layer, inside a tidy: inputs [B, n, F], or [B, n] for tokens; `kept` is empty at the start. */
export type LayerStep = (inputs: readonly tf.Tensor[], kept: Kept, place: StepPlace) => StepDone;

/** Layers whose output at a position depends on their input at this position alone. */
const BY_POSITION = new Set([
  ...['Dense', 'Activation', 'ReLU', 'LeakyReLU', 'ELU', 'ThresholdedReLU', 'Rescaling'],
  ...['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout', 'TimeDistributed'],
  ...['Add', 'Average', 'Multiply', 'Maximum', 'Minimum'],
]);

/**
 * The steps of a layer.
 * Throws    student-invalid: a layer that sees later positions, or whose steps are not known
 */
export function layerStep(layer: Layer): LayerStep {
  const name = layer.getClassName();
  const config = layer.getConfig() as Readonly<Record<string, unknown>>;
  if (BY_POSITION.has(name)) return byPosition(layer);
  if (name === 'Embedding' && config['maskZero'] !== true) return byPosition(layer);
  if (['LayerNormalization', 'Softmax'].includes(name) && isLastAxis(config['axis'])) return byPosition(layer);
  // As booleans: TypeScript would take a layer that is none of them for nothing at all.
  const isPositions: boolean = layer instanceof positionEmbeddingClass(tf);
  const isAttention: boolean = layer instanceof multiHeadAttentionClass(tf);
  if (isPositions) return positions(layer);
  if (isAttention) {
    if (config['sight'] === 'past') return causalAttention(layer as unknown as Projecting, config['heads'] as number);
    throw refusal(layer, 'sees positions that are not written yet; make it with sight: "past"');
  }
  if (['LSTM', 'GRU', 'SimpleRNN'].includes(name)) {
    if (config['goBackwards'] === true) throw refusal(layer, 'reads from the end');
    if (config['returnSequences'] !== true) throw refusal(layer, 'answers once for a text; it needs returnSequences');
    return recurrence((layer as unknown as { cell: Cell }).cell);
  }
  throw refusal(layer, 'may mix positions');
}

function byPosition(layer: Layer): LayerStep {
  return (inputs) => {
    const given = inputs.length === 1 ? (inputs[0] as tf.Tensor) : [...inputs];
    return { output: layer.apply(given, { training: false }) as tf.Tensor, kept: [] };
  };
}

function positions(layer: Layer): LayerStep {
  return ([x], _, { positions }) => {
    const [table] = layer.getWeights() as [tf.Tensor];
    return { output: tf.add(x as tf.Tensor, tf.gather(table, positions)), kept: [] };
  };
}

/** An attention layer's projections: query, key, value, out. */
interface Projecting {
  project(from: tf.Tensor, place: number): tf.Tensor;
}

/** Keeps keys and values [B, T, F]; a single new position sees all of them that are there. */
function causalAttention(layer: Projecting, heads: number): LayerStep {
  return ([x], kept, { mask }) => {
    const [query, ...fresh] = [0, 1, 2].map((place) => layer.project(x as tf.Tensor, place)) as [
      tf.Tensor,
      ...tf.Tensor[],
    ];
    const [key, value] = fresh.map((one, i) => (kept[i] === undefined ? one : tf.concat([kept[i], one], 1))) as [
      tf.Tensor,
      tf.Tensor,
    ];
    const heard = attention(tf, query, key, value, { heads, isCausal: kept.length === 0, ...(mask && { mask }) });
    return { output: layer.project(heard, 3), kept: [key, value], fresh };
  };
}

interface Cell {
  readonly stateSize: number | number[];
  call(inputs: tf.Tensor[], kwargs: object): tf.Tensor[];
  dropoutMask?: unknown;
  recurrentDropoutMask?: unknown;
}

function recurrence(cell: Cell): LayerStep {
  const sizes = [cell.stateSize].flat();
  return ([x], kept) => {
    const [batch, count] = (x as tf.Tensor).shape as [number, number];
    let states = kept.length > 0 ? [...kept] : sizes.map((size) => tf.zeros([batch, size]) as tf.Tensor);
    const outputs: tf.Tensor[] = [];
    for (const step of tf.unstack(x as tf.Tensor, 1).slice(0, count)) {
      const [output, ...next] = cell.call([step, ...states], { training: false });
      outputs.push(output as tf.Tensor);
      states = next;
      // Cells keep masks of dropout, which this tidy frees.
      cell.dropoutMask = null;
      cell.recurrentDropoutMask = null;
    }
    return { output: tf.stack(outputs, 1), kept: states };
  };
}

function isLastAxis(axis: unknown): boolean {
  const all = [axis].flat();
  // Inputs are [B, T, F].
  return all.length === 1 && (all[0] === -1 || all[0] === 2);
}

function refusal(layer: Layer, why: string): LimbeckError {
  return new LimbeckError(
    'student-invalid',
    `A text is generated from left to right, and the layer "${layer.name}" (${layer.getClassName()}) ${why}. Use a decoder(…) ` +
      'or a recurrentDecoder(…), or a model of such layers.',
    { details: { layer: layer.name, className: layer.getClassName() } },
  );
}
