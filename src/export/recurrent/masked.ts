import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Lengths, Value } from '../../onnx/write/graphValue.ts';
import type { Cell } from './cell.ts';
import { runNative } from './native.ts';
import type { Pass, Ran } from './pass.ts';
import { batchFirst, reversed, timeFirst } from './time.ts';

const [INT32, INT64] = [6, 7];

/**
 * A pass in which masked steps, wherever they are, keep the state and repeat the last output. The unmasked steps are gathered
 * to the front and run with their number as the length; then each time looks up the last output before it.
 */
export function runMasked(graph: GraphBuilder, cell: Cell, mask: string, pass: Pass): Ran {
  const isReverse = pass.direction === 'reverse';
  const [steps = null, batch = null] = pass.x.shape;
  const { isCounted, counted, lengths } = countOf(graph, mask, [batch, steps], isReverse);
  const x = batchFirst(graph, isReverse ? reversed(graph, pass.x, 0) : pass.x);
  const gathered = lookUp(graph, x, placesOf(graph, isCounted, counted), x.shape);
  const ran = runNative(graph, cell, {
    ...pass,
    x: timeFirst(graph, gathered),
    direction: 'forward',
    lengths,
    needs: 'both',
  });
  const states = ran.states.map((state, i) => kept(graph, state, lengths, pass.initial[i]));
  if (pass.needs === 'states' || ran.sequence === undefined) return { states };
  const outputs = batchFirst(graph, ran.sequence);
  const after = withFirst(graph, outputs, pass.initial[0]);
  const index = graph.node('Cast', [counted], { shape: [batch, steps], dtype: 'int64' }, { to: INT64 });
  const sequence = timeFirst(graph, lookUp(graph, after, index, outputs.shape));
  return { sequence: isReverse ? reversed(graph, sequence, 0) : sequence, states };
}

/** Which steps count, how many up to each, and how many in total, in the order of the pass. */
function countOf(graph: GraphBuilder, mask: string, shape: Lengths, isReverse: boolean) {
  const given: Value = { name: mask, shape, dtype: 'bool', layout: 'plain' };
  const ordered = isReverse ? reversed(graph, given, 1) : given;
  const ones = graph.node('Cast', [ordered], { shape, dtype: 'int32' }, { to: INT32 });
  const counted = graph.node('CumSum', [ones, graph.ints('time', [], [1])], { shape, dtype: 'int32' });
  const lengths = graph.reduce('ReduceSum', ones, [1], { shape: [shape[0] ?? null], dtype: 'int32' });
  return { isCounted: ordered, counted, lengths };
}

/** int64 [B, T]: the time of each step that counts, and after them the others. */
function placesOf(graph: GraphBuilder, isCounted: Value, counted: Value): Value {
  const { shape } = counted;
  const last = graph.int32s('last', [], [2 ** 30]);
  const order = graph.node('Where', [isCounted, counted, last], { shape, dtype: 'int32' });
  const steps = shape[1] ?? undefined;
  const every = steps === undefined ? lengthOf(graph, counted, 1) : graph.ints('steps', [1], [steps]);
  const attributes = { axis: 1, largest: 0, sorted: 1 };
  const [, places] = graph.nodeOf(
    'TopK',
    [order, every],
    [
      { shape, dtype: 'int32' },
      { shape, dtype: 'int64' },
    ],
    attributes,
  );
  return places as Value;
}

/** rows[b, index[b, t]] for each b and t. */
function lookUp(graph: GraphBuilder, rows: Value, index: Value, shape: Lengths): Value {
  const axis = graph.ints('last', [1], [2]);
  const wide = graph.node('Unsqueeze', [index, axis], { shape: [...index.shape, 1], dtype: 'int64' });
  return graph.node('GatherND', [rows, wide], { shape }, { batch_dims: 1 });
}

/** The outputs [B, T, units], preceded by the one before the first step. */
function withFirst(graph: GraphBuilder, outputs: Value, initial: Value | undefined): Value {
  const [batch = null, steps = null, units = null] = outputs.shape;
  const shape = [batch, steps === null ? null : steps + 1, units];
  if (initial === undefined)
    return graph.node('Pad', [outputs, graph.ints('pads', [6], [0, 1, 0, 0, 0, 0])], { shape });
  const axis = graph.ints('time', [1], [1]);
  const first = graph.node('Unsqueeze', [initial, axis], { shape: [batch, 1, units] });
  return graph.node('Concat', [first, outputs], { shape }, { axis: 1 });
}

/** The state after the last step that counts, or the initial state if none does. */
function kept(graph: GraphBuilder, state: Value, lengths: Value, initial: Value | undefined): Value {
  const [batch = null] = state.shape;
  const isAny = graph.node('Greater', [lengths, graph.int32s('none', [], [0])], { shape: [batch], dtype: 'bool' });
  const axis = graph.ints('unit', [1], [1]);
  const wide = graph.node('Unsqueeze', [isAny, axis], { shape: [batch, 1], dtype: 'bool' });
  return graph.node('Where', [wide, state, initial ?? graph.floats('zero', [], [0])], { shape: state.shape });
}

/** int64 [1]: how long an axis is when the model runs. */
function lengthOf(graph: GraphBuilder, value: Value, axis: number): Value {
  const shape = graph.node('Shape', [value], { shape: [value.shape.length], dtype: 'int64' });
  return graph.node('Gather', [shape, graph.ints('axis', [1], [axis])], { shape: [1], dtype: 'int64' });
}
