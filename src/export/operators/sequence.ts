import type { Value } from '../graph/graphValue.ts';
import { plain, transposed } from '../graph/layout.ts';
import { isValue, numberAt, type OperatorCall, stored, wordAt } from '../graph/operatorCall.ts';
import type { Weight } from '../layerExport.ts';

/** RNN, GRU and LSTM, whose batch comes second in ONNX. */
export function writeSequence(call: OperatorCall): Value {
  const { graph, name, operator, shape } = call;
  const [x, w, r, b, ...states] = call.operands as [Value, Weight, Weight, Weight, ...Value[]];
  const [directions, , hidden] = r.shape as [number, number, number];
  const returns = wordAt(call, 'returns', 'sequence');
  const [batch = null, length = null] = x.shape;
  const inputs = [
    transposed(graph, x, [1, 0, 2]),
    ...[w, r, b].map((weight) => stored(graph, weight)),
    ...(states.length === 0
      ? []
      : ['', ...states.filter(isValue).map((state) => transposed(graph, plain(graph, state), [1, 0, 2]))]),
  ];
  const attributes = {
    hidden_size: hidden,
    direction: directions === 2 ? 'bidirectional' : wordAt(call, 'direction', 'forward'),
    ...(operator === 'gru' && { linear_before_reset: numberAt(call, 'linearBeforeReset', 0) }),
    ...(operator === 'rnn' &&
      wordAt(call, 'activation', 'tanh') === 'relu' && { activations: new Array<string>(directions).fill('Relu') }),
  };
  const state = { shape: [directions, batch, hidden] };
  const outputs = {
    sequence: [{ shape: [length, directions, batch, hidden] }],
    state: [undefined, state],
    cell: [undefined, undefined, state],
  }[returns as 'sequence' | 'state' | 'cell'];
  const made = graph.nodeOf(name, inputs, outputs, attributes).at(-1) as Value;
  const result = transposed(graph, made, returns === 'sequence' ? [2, 0, 1, 3] : [1, 0, 2]);
  return { ...result, shape };
}
