import { operatorOf } from '../../onnx/shapes/operators.ts';
import type { Output } from '../graph/graph.ts';
import { float } from '../graph/graph.ts';
import type { Lengths, Value, ValueType } from '../graph/graphValue.ts';
import { heldData, heldTail, sameLayout } from '../graph/layout.ts';
import { isValue, numberAt, type OperatorCall, wordAt } from '../graph/operatorCall.ts';
import type { Weight } from '../layerExport.ts';

/** Of each element alone: in any layout. */
export function writePointwise(call: OperatorCall): Value {
  const { graph, name, operator, attributes, first } = call;
  const x = call.operands[0] as Value;
  switch (operator) {
    case 'clip': {
      const bound = (key: string) =>
        typeof attributes[key] === 'number' ? graph.floats(key, [], [attributes[key]]) : '';
      return graph.node('Clip', [x, bound('min'), bound('max')], first);
    }
    case 'pow':
      return graph.node('Pow', [x, graph.floats('exponent', [], [numberAt(call, 'exponent', 1)])], first);
    case 'cast': {
      const dtype = wordAt(call, 'to', 'float32') as ValueType;
      return graph.node('Cast', [x], { ...first, dtype }, { to: { float32: 1, int32: 6, int64: 7, bool: 9 }[dtype] });
    }
    case 'swish': {
      const inner = graph.node('Mul', [x, graph.floats('alpha', [], [numberAt(call, 'alpha', 1)])], first);
      return graph.node('Mul', [x, graph.node('Sigmoid', [inner], first)], first);
    }
    default: {
      const given = Object.keys(operatorOf('', name)?.attributes ?? {}).flatMap((key) => {
        const value = attributes[key];
        return typeof value === 'number' ? [[key, float(value)]] : typeof value === 'string' ? [[key, value]] : [];
      });
      const output: Output = operator === 'isNaN' ? { ...first, dtype: 'bool' } : first;
      return graph.node(name, [x], output, Object.fromEntries(given));
    }
  }
}

/** Operators that read truth values, and at which operands. */
function asTruth({ graph, operator }: OperatorCall, at: number, value: Value): Value {
  const isTruth = ['and', 'or', 'xor'].includes(operator) || (operator === 'where' && at === 0);
  if (!isTruth || value.dtype === 'bool') return value;
  const { name: _, mask: __, ...known } = value;
  return graph.node('Cast', [value], { ...known, dtype: 'bool' }, { to: 9 });
}

const TRUTHS = new Set('equal greater greaterOrEqual less lessOrEqual and or xor'.split(' '));

/** Broadcast operands, all in one layout. */
export function writePairwise(call: OperatorCall): Value {
  const { graph, name, operator, shape } = call;
  const values = sameLayout(graph, call.operands.filter(isValue));
  const widest = values.reduce((best, one) => (one.shape.length > best.shape.length ? one : best));
  const open = [...values];
  const inputs = call.operands.map((operand, i) => {
    if (isValue(operand)) return asTruth(call, i, open.shift() as Value);
    if (typeof operand === 'number') return number(call, i, operand, widest);
    return weight(call, operand, widest);
  });
  const dtype = TRUTHS.has(operator) ? 'bool' : operator === 'where' ? (values.at(-1) as Value).dtype : widest.dtype;
  const { name: _, mask: __, ...known } = widest;
  const output: Output = { ...known, dtype, shape: merged(shape, widest) };
  if (operator !== 'mod' || widest.dtype !== 'float32') return graph.node(name, inputs, output);
  return graph.node(name, inputs, output, { fmod: 1 });
}

function merged(shape: Lengths, { shape: own }: Value): Lengths {
  return shape.length === own.length ? shape : own;
}

function number({ graph }: OperatorCall, at: number, value: number, { dtype }: Value): string {
  if (dtype === 'int32') return graph.int32s(`number${at}`, [], [value]);
  return dtype === 'int64' ? graph.ints(`number${at}`, [], [value]) : graph.floats(`number${at}`, [], [value]);
}

/** In the student a weight meets the last axes; where channels are held first it needs all but the batch. */
function weight({ graph }: OperatorCall, { name, shape, data }: Weight, value: Value): string {
  const own = name.slice(name.lastIndexOf('/') + 1);
  if (value.dtype === 'int32' && value.layout === 'plain') return graph.int32s(own, shape, Array.from(data));
  if (value.layout === 'plain') return graph.floats(own, shape, data);
  const rank = value.shape.length - 1;
  const whole = [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape].slice(-rank);
  return graph.floats(own, heldTail(value, whole), heldData(value, whole, data));
}
