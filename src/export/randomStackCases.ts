// Random models of up to twelve layers, with branches: layers that are right alone must be right together too.
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Random, seededRandom } from '../core/random.ts';
import { sizeOf } from '../core/shape.ts';
import type { SymbolicTensor } from '../runtime/tf.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { multiHeadAttention } from '../student/layers/multiHeadAttention.ts';
import { positionEmbedding } from '../student/layers/positionEmbedding.ts';
import { withSeededWeights } from './exportedCases.ts';
import type { CaseInput } from './layerCases.ts';
import { type Draw, KEEPERS, MAKERS, type Options, type Step } from './stackLayerCases.ts';

type Applied = { apply(x: SymbolicTensor | SymbolicTensor[]): unknown };

export interface RandomStack {
  readonly model: LayersModel;
  readonly inputs: readonly CaseInput[];
  /** Its layers and their settings, in order; for messages. */
  readonly steps: readonly string[];
}

export const STACK_KINDS = ['image', 'sequence', 'vector'] as const;
export type StackKind = (typeof STACK_KINDS)[number];

const MOST_ELEMENTS = 500;
const MOST_STEPS = 12;

/** The same seed gives the same stack, weights and all, but for the numbers in its layers' names. The caller disposes it. */
export function randomStack(tf: Tf, kind: StackKind, seed: number): RandomStack {
  const draw = drawFrom(seededRandom(seed));
  const input = inputFor(draw, kind);
  const steps: string[] = [];
  const x = tf.input({ shape: [...input.shape], name: 'input', ...(input.dtype && { dtype: input.dtype }) });
  let y = x;
  const grow = (step: Step) => {
    y = grown(tf, y, step, steps);
  };
  if (input.dtype === 'int32') grow(['embedding', { inputDim: 6, outputDim: draw.int(2, 4), maskZero: draw.flag() }]);
  const count = draw.int(3, MOST_STEPS);
  for (let i = 0; i < count; i += 1) {
    const shape = y.shape.slice(1) as number[];
    if (draw.int(0, 5) === 0) y = branched(tf, y, draw, steps);
    else {
      const step = draw.of(MAKERS[shape.length - 1] ?? [])(draw, shape);
      if (step !== undefined) grow(step);
    }
  }
  const model = tf.model({ inputs: x, outputs: y === x ? grownAlone(tf, x) : y });
  return { model: withSeededWeights(tf, model, seed), inputs: [input], steps };
}

function drawFrom(random: Random): Draw {
  const int = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  return { int, of: (choices) => choices[int(0, choices.length - 1)] as never, flag: () => random() < 0.5 };
}

function inputFor(draw: Draw, kind: StackKind): CaseInput {
  if (kind === 'image') return { shape: [draw.int(4, 8), draw.int(4, 8), draw.int(1, 4)] };
  if (kind === 'vector') return { shape: [draw.int(2, 9)] };
  return draw.int(0, 2) === 0
    ? { shape: [draw.int(2, 7)], dtype: 'int32', below: 6 }
    : { shape: [draw.int(3, 9), draw.int(2, 5)] };
}

function layerOf(tf: Tf, [name, options]: Step): Applied {
  if (name === 'multiHeadAttention') return multiHeadAttention(tf, options as never);
  if (name === 'positionEmbedding') return positionEmbedding(tf);
  const { inner, ...own } = options as { inner?: Step } & Options;
  const layers = tf.layers as unknown as Record<string, (options: Options) => Applied>;
  return (layers[name] as (typeof layers)[string])(inner === undefined ? own : { ...own, layer: layerOf(tf, inner) });
}

/** The value after one more layer; unchanged if tfjs refuses the layer, or the result is large. */
function grown(tf: Tf, x: SymbolicTensor, step: Step, steps: string[]): SymbolicTensor {
  let y: SymbolicTensor;
  try {
    y = layerOf(tf, step).apply(x) as SymbolicTensor;
  } catch {
    // Most layers of tfjs take no mask.
    return x;
  }
  const shape = y.shape.slice(1) as number[];
  if (sizeOf(shape) > MOST_ELEMENTS || shape.some((length) => !(length > 0)) || shape.length > 3) return x;
  steps.push(`${step[0]} ${JSON.stringify(step[1])} → [${shape.join(', ')}]`);
  return y;
}

function grownAlone(tf: Tf, x: SymbolicTensor): SymbolicTensor {
  return tf.layers.activation({ activation: 'tanh' }).apply(x) as SymbolicTensor;
}

const MERGES = ['add', 'multiply', 'average', 'maximum', 'minimum', 'concatenate', 'concatenate'] as const;

/** Two branches that keep the shape, one of which may be the value itself, and their merge. */
function branched(tf: Tf, x: SymbolicTensor, draw: Draw, steps: string[]): SymbolicTensor {
  const shape = x.shape.slice(1) as number[];
  const way = (least: number) => {
    let y = x;
    const count = draw.int(least, 2);
    for (let i = 0; i < count; i += 1)
      y = grown(tf, y, draw.of(KEEPERS[shape.length - 1] ?? [])(draw, shape) as Step, steps);
    return y;
  };
  const [a, b] = [way(1), way(0)];
  if (a === b) return x;
  const merge = draw.of(MERGES);
  const axis = draw.int(1, shape.length);
  const step: Step = [merge, merge === 'concatenate' ? { axis: draw.flag() ? axis : -1 } : {}];
  try {
    const y = layerOf(tf, step).apply([a, b]) as SymbolicTensor;
    if (sizeOf(y.shape.slice(1) as number[]) > MOST_ELEMENTS) return x;
    steps.push(`${merge} of two ways ${JSON.stringify(step[1])} → [${y.shape.slice(1).join(', ')}]`);
    return y;
  } catch {
    return x;
  }
}
