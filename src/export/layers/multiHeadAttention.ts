import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { numberOf, textOf } from '../graph/layerConfig.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';

/** limbeck's self-attention, [B, T, F] → [B, T, F], in operators that every opset has; T may be free. */
export const multiHeadAttention: LayerExporter = {
  classNames: ['MultiHeadAttention'],
  refuse: ({ config }) =>
    typeof config['heads'] === 'number'
      ? undefined
      : 'it is another MultiHeadAttention than that of limbeck: it has no "heads"',
  write(call) {
    const { inputs, config, graph } = call;
    const x = plain(graph, inputs[0] as Value);
    const [batch = null, length = null, width] = x.shape as [number | null, number | null, number];
    const heads = numberOf(config, 'heads');
    const size = width / heads;
    const cut = graph.ints('heads', [4], [0, 0, heads, size]);
    const split = (name: string, perm: readonly number[], shape: Value['shape']) => {
      const held = graph.node('Reshape', [project(call, x, name), cut], { shape: [batch, length, heads, size] });
      return graph.node('Transpose', [held], { shape }, { perm });
    };
    const query = split('Query', [0, 2, 1, 3], [batch, heads, length, size]);
    const key = split('Key', [0, 2, 3, 1], [batch, heads, size, length]);
    const value = split('Value', [0, 2, 1, 3], [batch, heads, length, size]);
    const shape = [batch, heads, length, length];
    const products = graph.node('MatMul', [query, key], { shape });
    const scores = graph.node('Mul', [products, graph.floats('scale', [], [1 / Math.sqrt(size)])], { shape });
    const seen = textOf(config, 'sight', 'all') === 'past' ? onlyPast(graph, scores, x) : scores;
    const probs = graph.node('Softmax', [seen], { shape }, { axis: -1 });
    const heard = graph.node('MatMul', [probs, value], { shape: query.shape });
    const beside = graph.node('Transpose', [heard], { shape: [batch, length, heads, size] }, { perm: [0, 2, 1, 3] });
    const joined = graph.node('Reshape', [beside, graph.ints('joined', [3], [0, 0, width])], { shape: x.shape });
    return project(call, joined, 'Out');
  },
};

function project({ graph, weight }: LayerCall, x: Value, name: string): Value {
  const [kernel, bias] = [weight(`kernel${name}`), weight(`bias${name}`)];
  const product = graph.node('MatMul', [x, graph.floats(`kernel${name}`, kernel.shape, kernel.data)], {
    shape: x.shape,
  });
  return graph.node('Add', [product, graph.floats(`bias${name}`, bias.shape, bias.data)], { shape: x.shape });
}

/** −∞ for a key after its query. */
function onlyPast(graph: GraphBuilder, scores: Value, x: Value): Value {
  const [queries, keys] = positions(graph, x);
  const shape = [x.shape[1] ?? null, x.shape[1] ?? null];
  const isSeen = graph.node('GreaterOrEqual', [queries, keys], { shape, dtype: 'bool' });
  const never = graph.floats('never', [], [Number.NEGATIVE_INFINITY]);
  return graph.node('Where', [isSeen, scores, never], { shape: scores.shape });
}

/** 0 … T − 1 as a column and as a row. */
function positions(graph: GraphBuilder, x: Value): [Value | string, Value | string] {
  const length = x.shape[1] ?? undefined;
  if (length !== undefined) {
    const all = Array.from({ length }, (_, i) => i);
    return [graph.ints('queries', [length, 1], all), graph.ints('keys', [1, length], all)];
  }
  const sizes = graph.node('Shape', [x], { shape: [3], dtype: 'int64' });
  const steps = graph.node('Gather', [sizes, graph.ints('time', [], [1])], { shape: [], dtype: 'int64' });
  const all = graph.node('Range', [graph.ints('start', [], [0]), steps, graph.ints('step', [], [1])], {
    shape: [null],
    dtype: 'int64',
  });
  const wide = (axis: number, shape: Value['shape']) =>
    graph.node('Unsqueeze', [all, graph.ints('axis', [1], [axis])], { shape, dtype: 'int64' });
  return [wide(1, [null, 1]), wide(0, [1, null])];
}
