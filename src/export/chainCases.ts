// What the cases of layers are, and the chain of layers that most of them are.
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { SymbolicTensor } from '../runtime/tf.ts';
import type { Tf } from '../runtime/tfNamespace.ts';

/** One array that a model takes, without its batch. */
export interface CaseInput {
  readonly shape: readonly number[];
  /** Default float32. */
  readonly dtype?: 'float32' | 'int32';
  /** int32: values are from 0 to below this one. */
  readonly below?: number;
}

export interface LayerCase {
  readonly family: string;
  readonly name: string;
  /** The caller disposes it. */
  build(tf: Tf): LayersModel;
  /** In the order of the model's inputs. */
  readonly inputs: readonly CaseInput[];
}

export type Layers = Tf['layers'];
type Made = { apply(x: SymbolicTensor | SymbolicTensor[]): unknown };

/** A chain of layers behind one input. */
export function chain(
  family: string,
  name: string,
  shape: readonly (number | null)[],
  make: (layers: Layers, tf: Tf) => Made | readonly Made[],
  given?: readonly number[],
): LayerCase {
  return {
    family,
    name,
    inputs: [{ shape: given ?? (shape as number[]) }],
    build(tf) {
      const input = tf.input({ shape: [...shape], name: 'input' });
      const made = [make(tf.layers, tf)].flat() as readonly Made[];
      const output = made.reduce((x, layer) => layer.apply(x) as SymbolicTensor, input);
      return tf.model({ inputs: input, outputs: output });
    },
  };
}
