import type { NamedArrays } from '../../core/shape.ts';
import type { TfjsArtifacts } from '../../model/portableModel.ts';
import * as tf from '../../runtime/tf.ts';

export const array = (values: readonly number[], ...shape: number[]) => ({ data: Float32Array.from(values), shape });
export const inputs: NamedArrays = { x: array([1, 2, -1, 0.5], 2, 2) };

/** y = x · w. */
export function dense(weights: readonly number[]): tf.LayersModel {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2], useBias: false })] });
  model.setWeights([tf.tensor2d([...weights], [2, 2])]);
  return model;
}

/** y = x · w, z = relu(y), as tfjs's converter writes a graph. */
export function graph(outputs: readonly string[] = ['z']): TfjsArtifacts {
  const float = { dtype: { type: 'DT_FLOAT' } };
  const shape = { shape: { dim: [{ size: '-1' }, { size: '2' }] } };
  const type = { T: { type: 'DT_FLOAT' } };
  const node = [
    { name: 'x', op: 'Placeholder', attr: { ...float, shape } },
    { name: 'w', op: 'Const', attr: { ...float, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: {} } } } },
    { name: 'y', op: 'MatMul', input: ['x', 'w'], attr: type },
    { name: 'z', op: 'Relu', input: ['y'], attr: type },
  ];
  const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, { name: `${name}:0` }]));
  return {
    format: 'graph-model',
    modelTopology: { node, versions: { producer: 1, minConsumer: 1 }, library: {} },
    weightSpecs: [{ name: 'w', shape: [2, 2], dtype: 'float32' }],
    weightData: Float32Array.of(1, 2, 3, 4).buffer,
    signature: { inputs: named(['x']), outputs: named(outputs) },
  };
}
