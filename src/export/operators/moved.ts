import { float } from '../graph/graph.ts';
import { heldAxis, type Value } from '../graph/graphValue.ts';
import { plain } from '../graph/layout.ts';
import { isValue, listOf, numberAt, type OperatorCall, stored, wordAt } from '../graph/operatorCall.ts';
import type { Weight } from '../layerExport.ts';

/** What depends on the order of axes. Reductions, cuts and padding work in any layout; the others need the student's. */
export function writeMoved(call: OperatorCall): Value {
  const { graph, name, operator, shape } = call;
  if (operator === 'slice') return cut(call);
  if (operator === 'pad') return padded(call);
  if (operator.startsWith('reduce')) return reduced(call);
  const [x, ...others] = call.operands.map((one) => (isValue(one) ? plain(graph, one) : one));
  const value = x as Value;
  const output = { shape, dtype: value.dtype };
  const inputs = [x, ...others].map((one) =>
    typeof one === 'number'
      ? graph.floats('number', [], [one])
      : isValue(one as Value)
        ? (one as Value)
        : stored(graph, one as Weight),
  );
  const axis = numberAt(call, 'axis', 0);
  switch (operator) {
    case 'argMax':
    case 'argMin': {
      const [of = 0] = listOf(call, 'axes');
      return graph.node(name, inputs, { shape, dtype: 'int64' }, { axis: of, keepdims: numberAt(call, 'keepdims', 0) });
    }
    case 'cumSum': {
      const flags = { exclusive: numberAt(call, 'exclusive', 0), reverse: numberAt(call, 'reverse', 0) };
      return graph.node(name, [value, graph.ints('axis', [], [axis])], output, flags);
    }
    case 'reshape':
      return reshaped(call, value);
    case 'transpose':
      return graph.node(name, inputs, output, { perm: listOf(call, 'perm') });
    case 'concat':
      return graph.node(name, inputs, output, { axis });
    case 'expand': {
      // A length of 1 in the target leaves an axis as it is.
      const lengths = listOf(call, 'shape').map((length) => (length < 0 ? 1 : length));
      return graph.node(name, [value, graph.ints('shape', [lengths.length], lengths)], output);
    }
    case 'tile': {
      const repeats = listOf(call, 'repeats');
      return graph.node(name, [value, graph.ints('repeats', [repeats.length], repeats)], output);
    }
    case 'gather': {
      const picked = listOf(call, 'indices');
      const isOne = numberAt(call, 'isOne', 0) === 1;
      const indices = inputs[1] ?? graph.ints('indices', isOne ? [] : [picked.length], picked);
      return graph.node(
        name,
        [inputs[0] as Value | string, indices],
        { shape, dtype: isValue(x as Value) ? value.dtype : 'float32' },
        { axis },
      );
    }
    case 'gemm':
      return graph.node(name, inputs, output, {
        alpha: float(numberAt(call, 'alpha', 1)),
        beta: float(numberAt(call, 'beta', 1)),
        transA: numberAt(call, 'transA', 0),
        transB: numberAt(call, 'transB', 0),
      });
    case 'layerNormalization':
      return graph.node(name, inputs, output, {
        axis: listOf(call, 'axes')[0] ?? -1,
        epsilon: float(numberAt(call, 'epsilon', 1e-5)),
      });
    case 'rmsNormalization':
      return rootMean(call, value, inputs[1]);
    case 'lpNormalization':
      return graph.node(name, inputs, output, { axis: numberAt(call, 'axis', -1), p: numberAt(call, 'p', 2) });
    case 'softmax':
    case 'logSoftmax':
      return graph.node(name, inputs, output, { axis: -1 });
    default:
      return graph.node(name, inputs, output);
  }
}

/** In tfjs −2 − k copies the length of axis k; ONNX copies with 0, where the axis is the same. */
function reshaped(call: OperatorCall, x: Value): Value {
  const { graph, shape } = call;
  const lengths = listOf(call, 'shape');
  const isCopied = lengths.every((length, i) => length >= -1 || -2 - length === i);
  const output = { shape, dtype: x.dtype };
  if (isCopied) {
    const target = graph.ints(
      'shape',
      [lengths.length],
      lengths.map((length) => (length < -1 ? 0 : length)),
    );
    return graph.node('Reshape', [x, target], output);
  }
  const own = graph.node('Shape', [x], { shape: [x.shape.length], dtype: 'int64' });
  const parts = lengths.map((length, i) =>
    length >= -1
      ? graph.ints(`length${i}`, [1], [length])
      : graph.node(
          'Gather',
          [own, graph.ints(`axis${i}`, [1], [-2 - length])],
          { shape: [1], dtype: 'int64' },
          { axis: 0 },
        ),
  );
  const target = graph.node('Concat', parts, { shape: [parts.length], dtype: 'int64' }, { axis: 0 });
  return graph.node('Reshape', [x, target], output);
}

function cut(call: OperatorCall): Value {
  const { graph, shape, first } = call;
  const x = call.operands[0] as Value;
  const value = x.layout === 'flattened' ? plain(graph, x) : x;
  const [starts, ends, steps] = ['starts', 'ends', 'steps'].map((key) => listOf(call, key)) as [
    number[],
    number[],
    number[],
  ];
  const END = 2 ** 31 - 1;
  const cuts = starts.flatMap((start, i) => (start !== 0 || ends[i] !== END || steps[i] !== 1 ? [i] : []));
  const list = (key: string, values: readonly number[]) => graph.ints(key, [values.length], values);
  const at = (values: readonly number[]) => cuts.map((i) => values[i] as number);
  const inputs = [
    value,
    list('starts', at(starts)),
    list('ends', at(ends)),
    list(
      'axes',
      cuts.map((i) => heldAxis(value, i)),
    ),
    list('steps', at(steps)),
  ];
  return graph.node('Slice', inputs, { ...first, shape, layout: value.layout });
}

function padded(call: OperatorCall): Value {
  const { graph, shape, first } = call;
  const x = call.operands[0] as Value;
  const value = x.layout === 'flattened' ? plain(graph, x) : x;
  const flat = listOf(call, 'pads');
  const [fronts, backs] = [
    new Array<number>(value.shape.length).fill(0),
    new Array<number>(value.shape.length).fill(0),
  ];
  value.shape.forEach((_, i) => {
    fronts[heldAxis(value, i)] = flat[2 * i] ?? 0;
    backs[heldAxis(value, i)] = flat[2 * i + 1] ?? 0;
  });
  const pads = graph.ints('pads', [2 * fronts.length], [...fronts, ...backs]);
  const mode = wordAt(call, 'mode', 'constant');
  const filler = () => graph.floats('value', [], [numberAt(call, 'value', 0)]);
  const inputs = mode === 'constant' ? [value, pads, filler()] : [value, pads];
  return graph.node('Pad', inputs, { ...first, shape, layout: value.layout }, { mode });
}

function reduced(call: OperatorCall): Value {
  const { graph, name, shape } = call;
  const x = call.operands[0] as Value;
  const value = x.layout === 'flattened' ? plain(graph, x) : x;
  const axes = listOf(call, 'axes');
  const keepsChannels = !axes.includes(value.shape.length - 1) && shape.length > 2;
  const layout = value.layout === 'channels-first' && keepsChannels ? 'channels-first' : 'plain';
  return graph.reduce(
    name,
    value,
    axes.map((axis) => heldAxis(value, axis)),
    { shape, dtype: value.dtype, layout },
  );
}

/** x / √(mean(x²) + ε) · scale, which is an operator of its own only since version 23. */
function rootMean(call: OperatorCall, x: Value, scale: Value | string | undefined): Value {
  const { graph } = call;
  const output = { shape: x.shape };
  const rows = { shape: [...x.shape.slice(0, -1), 1] };
  const mean = graph.reduce('ReduceMean', graph.node('Mul', [x, x], output), [x.shape.length - 1], rows, 'keep');
  const root = graph.node(
    'Sqrt',
    [graph.node('Add', [mean, graph.floats('epsilon', [], [numberAt(call, 'epsilon', 1e-5)])], rows)],
    rows,
  );
  const normal = graph.node('Div', [x, root], output);
  return scale === undefined ? normal : graph.node('Mul', [normal, scale], output);
}
