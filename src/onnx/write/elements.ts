// Writes operators whose results come from elements at the same place; they keep the layout of what they read.
import { type Attribute, float, type Output } from './graphBuilder.ts';
import type { Lengths, Value, ValueType } from './graphValue.ts';
import { heldData, heldTail, sameLayout } from './layout.ts';
import { isValue, type OperatorCall, type Weight, type Write } from './operatorCall.ts';

/** One node over each element of the first operand. Of the call's attributes it takes those that are named here. */
export function writeEach(names: readonly string[] = [], dtype?: ValueType): Write {
  return ({ graph, name, operands, attributes, first }) => {
    const given = names.flatMap((key): [string, Attribute][] => {
      const value = attributes[key];
      if (typeof value === 'string') return [[key, value]];
      return typeof value === 'number' ? [[key, float(value)]] : [];
    });
    const output: Output = dtype === undefined ? first : { ...first, dtype };
    return graph.node(name, [operands[0] as Value], output, Object.fromEntries(given));
  };
}

interface Broadcast {
  /** Which operands must be truth values. @default none */
  readonly truths?: 'first' | 'all';
  /** The type of the result, or 'last': that of the last value. @default that of the value with most axes */
  readonly dtype?: 'bool' | 'last' | undefined;
  readonly attributes?: (dtype: ValueType) => Readonly<Record<string, Attribute>>;
}

/** One node over all operands, broadcast together and held in one layout. */
export function writeBroadcast({ truths, dtype, attributes = () => ({}) }: Broadcast = {}): Write {
  return (call) => {
    const { graph, name, shape } = call;
    const values = sameLayout(graph, call.operands.filter(isValue));
    const widest = values.reduce((best, one) => (one.shape.length > best.shape.length ? one : best));
    const open = [...values];
    const inputs = call.operands.map((operand, i) => {
      if (typeof operand === 'number') return number(call, i, operand, widest);
      if (!isValue(operand)) return weight(call, operand, widest);
      const value = open.shift() as Value;
      return truths === 'all' || (truths === 'first' && i === 0) ? asTruth(call, value) : value;
    });
    const { name: _, mask: __, ...known } = widest;
    const type = dtype === 'last' ? (values.at(-1) as Value).dtype : (dtype ?? widest.dtype);
    const output: Output = { ...known, dtype: type, shape: merged(shape, widest) };
    return graph.node(name, inputs, output, attributes(widest.dtype));
  };
}

function asTruth({ graph }: OperatorCall, value: Value): Value {
  if (value.dtype === 'bool') return value;
  const { name: _, mask: __, ...known } = value;
  return graph.node('Cast', [value], { ...known, dtype: 'bool' }, { to: 9 });
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
