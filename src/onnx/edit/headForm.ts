import { LimbeckError } from '../../core/errors.ts';
import { flag, given, type OptionsOf, type Read, required, schema, text } from '../../core/schema.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import { describeModel } from '../describe/describe.ts';
import type { OnnxLength, OnnxTensorDescription } from '../describe/description.ts';
import type { Tap } from '../describe/taps.ts';
import type { OnnxModel } from '../model.ts';
import { type ChannelPlace, type Pooling, poolingOf } from './pooling.ts';

const OPTIONS = schema('appendHead', {
  /** The value that it reads; what only other outputs need is cut away. */
  tap: required(given<Tap>()),
  /** Default: 'none' for [B, F], else 'mean'. */
  pooling: given<Pooling>(),
  /** Default: 'last' for [B, T, C], else 'first', as in [B, C, H, W]. */
  channels: given<ChannelPlace>(),
  /** The value's shape with its batch, where the file does not tell how many axes it has. */
  shape: given<readonly OnnxLength[]>(),
  /** [F, C] in row-major order; with `mean` and `scale`, of (features − mean) · scale. */
  weights: required(given<ArrayLike<number>>()),
  /** [C] */
  bias: required(given<ArrayLike<number>>()),
  /** [F]; becomes part of weights and bias. Default: 0 everywhere. */
  mean: given<ArrayLike<number>>(),
  /** [F]; becomes part of weights and bias. Default: 1 everywhere. */
  scale: given<ArrayLike<number>>(),
  /** A value with logits of the same classes, [B, C], that the head adds to. Default: none, and the head stands alone. */
  onto: text(),
  /** Name of the output [B, C]. Default 'logits'. */
  output: text('logits'),
  /** Whether there is another output 'probs' [B, C], their softmax. Default false. */
  probabilities: flag(false),
  /** Whether the outputs that the model has stay. Default false. */
  keepOutputs: flag(false),
  /** Pairs of the file's metadata, in place of those of the same key; undefined takes one away. */
  metadata: given<Readonly<Record<string, string | undefined>>>(),
  /** Name for messages. Default 'model'. */
  name: text('model'),
});

/** A linear classifier, and where it stands on a model. */
export interface HeadOptions extends OptionsOf<typeof OPTIONS> {}

/** Throws    invalid-option */
export function readHeadOptions(options: HeadOptions): Read<typeof OPTIONS> {
  return OPTIONS.read(options);
}

/** How the head reads the tapped value, and what is known about that value. */
export function headForm(model: OnnxModel, source: string, options: HeadOptions, name: string) {
  const { inputs, nodes } = describeModel(model, 0);
  const outer = nodes.filter(({ within }) => within === '').flatMap(({ outputs }) => outputs);
  const found: OnnxTensorDescription | undefined = [...inputs, ...outer].find((one) => one.name === source);
  const shape = options.shape ?? found?.shape ?? undefined;
  if (shape === undefined) {
    throw new LimbeckError(
      'shape-mismatch',
      `"${name}" does not say how many axes "${source}" has. Give the value's shape as "shape", such as [null, 64, 7, 7].`,
      { details: { tensor: source } },
    );
  }
  const rank = shape.length;
  const dtype = found?.dtype ?? null;
  const { pooling, channels } = poolingOf(rank, options, `"${source}" ${shown(shape)}`);
  if (dtype === 'string' || dtype === 'bool') {
    throw new LimbeckError('shape-mismatch', `"${source}" is ${dtype}; a head reads numbers. Tap another value.`, {
      details: { tensor: source, dtype },
    });
  }
  const known = pooling === 'flatten' ? shape.slice(1) : [shape[channels === 'first' ? 1 : rank - 1] ?? null];
  const lengths = known.filter((one) => typeof one === 'number');
  const features = lengths.length === known.length ? sizeOf(lengths) : undefined;
  return { rank, pooling, channels, needsCast: dtype !== 'float32', features, batch: found?.shape?.[0] ?? null };
}

/** Throws    unknown-tensor: no node computes it */
export function dtypeOfValue(model: OnnxModel, value: string, name: string): string | null {
  const { nodes } = describeModel(model, 0);
  const found = nodes.flatMap(({ outputs }) => outputs).find((one) => one.name === value);
  if (found !== undefined) return found.dtype ?? 'float32';
  throw new LimbeckError('unknown-tensor', `"${name}" computes no value "${value}" that a head could add to.`, {
    details: { tensor: value },
  });
}

/** Weights and bias with the standardisation in them, computed in double precision. */
export function foldedHead({ weights, bias, mean, scale }: HeadOptions, known: number | undefined) {
  const classes = bias.length;
  const features = classes === 0 ? 0 : weights.length / classes;
  const fits = (list: ArrayLike<number> | undefined) => list === undefined || list.length === features;
  if (!Number.isInteger(features) || features < 1 || (known ?? features) !== features || !fits(mean) || !fits(scale)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The head has ${weights.length} weights, ${classes} classes${mean ? `, ${mean.length} means` : ''}` +
        `${scale ? `, ${scale.length} scales` : ''}, and there are ${known ?? 'an unknown number of'} features. It needs ` +
        'features · classes weights, and one mean and one scale for each feature.',
      { details: { weights: weights.length, classes, features: known ?? null } },
    );
  }
  const folded = new Float32Array(weights.length);
  const shifted = Float64Array.from(bias);
  for (let f = 0; f < features; f++) {
    for (let c = 0; c < classes; c++) {
      const at = f * classes + c;
      folded[at] = (weights[at] as number) * (scale?.[f] ?? 1);
      // The rounded weight: the mean itself is then at 0 exactly.
      shifted[c] = (shifted[c] as number) - (folded[at] as number) * (mean?.[f] ?? 0);
    }
  }
  if (!shifted.every(Number.isFinite) || !folded.every(Number.isFinite)) {
    throw new LimbeckError('not-finite', 'The weights of the head hold NaN or infinite numbers. Train it again.');
  }
  return { features, classes, weights: folded, bias: Float32Array.from(shifted) };
}

function shown(shape: readonly OnnxLength[]): string {
  return formatShape(shape.map((one) => (typeof one === 'number' ? one : null)));
}
