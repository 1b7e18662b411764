import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import { heldAxis, type Value } from '../../onnx/write/graphValue.ts';
import { plain, sameLayout } from '../../onnx/write/layout.ts';
import { numberOf } from '../graph/layerConfig.ts';
import type { LayerExporter } from '../layerExport.ts';

/** Joins values along any axis of their keras shape, in their current layout. */
export const concatenate: LayerExporter = {
  classNames: ['Concatenate'],
  refuse({ config }) {
    const axis = numberOf(config, 'axis', -1);
    return axis < -1 ? `its axis is ${axis}, for which tfjs joins the last axis; count it from the front` : undefined;
  },
  write({ inputs, config, graph }) {
    const given = inputs.some(({ layout }) => layout === 'flattened')
      ? inputs.map((value) => plain(graph, value))
      : inputs;
    const values = sameLayout(graph, given);
    const [first] = values as [Value];
    const rank = first.shape.length;
    const axis = (numberOf(config, 'axis', -1) + rank) % rank;
    const lengths = values.map(({ shape }) => shape[axis] ?? null);
    const length = lengths.reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0);
    const shape = first.shape.map((one, i) => (i === axis ? length : one));
    const output = { shape, layout: first.layout };
    const value = graph.node('Concat', values, output, { axis: heldAxis(first, axis) });
    const mask = rank === 3 ? maskOf(graph, values, axis) : undefined;
    return mask === undefined ? value : { ...value, mask };
  },
};

/** Joined in time, the masks are joined too; joined in features, a step counts if it counts in all. */
function maskOf(graph: GraphBuilder, values: readonly Value[], axis: number): string | undefined {
  const masks = values.map(({ mask }) => mask).filter((mask) => mask !== undefined);
  const [first, ...others] = masks;
  if (first === undefined || axis === 0) return undefined;
  const shape = (values[0] as Value).shape.slice(0, 2);
  if (axis === 1) {
    if (masks.length < values.length) return undefined;
    return graph.node('Concat', masks, { shape: [shape[0] ?? null, null], dtype: 'bool' }, { axis: 1 }).name;
  }
  return others.reduce((all, mask) => graph.node('And', [all, mask], { shape, dtype: 'bool' }).name, first);
}
