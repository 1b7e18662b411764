import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Lengths, Value } from '../../onnx/write/graphValue.ts';
import { activate } from '../graph/activate.ts';
import { type Cell, gatesOf, statesOf } from './cell.ts';
import type { Pass, Ran } from './pass.ts';

/** More steps than this give a file with too many nodes. */
export const MOST_STEPS = 256;

/** A pass written step by step, for cells without an ONNX operator; the number of steps is known. */
export function runUnrolled(graph: GraphBuilder, cell: Cell, mask: string | undefined, pass: Pass): Ran {
  const { x, direction, initial } = pass;
  const [steps, batch = null] = x.shape as readonly [number, number | null];
  const projected = inputsOf(graph, cell, x);
  let states: readonly Value[] = statesOf(cell) === initial.length ? initial : zeroStates(graph, cell, x);
  const outputs = new Array<Value>(steps);
  for (let step = 0; step < steps; step++) {
    const time = direction === 'reverse' ? steps - 1 - step : step;
    const at = graph.ints(`time${time}`, [], [time]);
    const width = projected.shape[2] ?? null;
    const given = graph.node('Gather', [projected, at], { shape: [batch, width] }, { axis: 0 });
    const next = STEPS[cell.kind](graph, cell, given, states);
    states = mask === undefined ? next : chosen(graph, maskAt(graph, mask, time, batch), next, states);
    outputs[time] = states[0] as Value;
  }
  if (pass.needs === 'states') return { states };
  const axis = graph.ints('first', [1], [0]);
  const rows = outputs.map((output) => graph.node('Unsqueeze', [output, axis], { shape: [1, ...output.shape] }));
  return { sequence: graph.node('Concat', rows, { shape: [steps, batch, cell.units] }, { axis: 0 }), states };
}

type Step = (graph: GraphBuilder, cell: Cell, given: Value, states: readonly Value[]) => Value[];

const STEPS: Readonly<Record<Cell['kind'], Step>> = { LSTM: lstmStep, GRU: gruStep, SimpleRNN: simpleStep };

function lstmStep(graph: GraphBuilder, cell: Cell, given: Value, states: readonly Value[]): Value[] {
  const [h, c] = states as [Value, Value];
  const { shape } = h;
  const sum = binary(graph, 'Add', given, recurrent(graph, cell, h), given.shape);
  const [i, f, candidate, o] = gates(graph, sum, cell.units, 4) as [Value, Value, Value, Value];
  const open = (gate: Value) => activate(graph, gate, cell.recurrentActivation);
  const kept = binary(graph, 'Mul', open(f), c, shape);
  const added = binary(graph, 'Mul', open(i), activate(graph, candidate, cell.activation), shape);
  const nextC = binary(graph, 'Add', kept, added, shape);
  return [binary(graph, 'Mul', open(o), activate(graph, nextC, cell.activation), shape), nextC];
}

function gruStep(graph: GraphBuilder, cell: Cell, given: Value, states: readonly Value[]): Value[] {
  const [h] = states as [Value];
  const { shape } = h;
  const { units } = cell;
  const open = (a: Value, b: Value) => activate(graph, binary(graph, 'Add', a, b, shape), cell.recurrentActivation);
  const [xZ, xR, xH] = gates(graph, given, units, 3) as [Value, Value, Value];
  const [hZ, hR, hH] = cell.resetsAfter
    ? gates(graph, recurrent(graph, cell, h), units, 3)
    : gates(graph, recurrent(graph, cell, h, [0, 2]), units, 2);
  const [z, r] = [open(xZ, hZ as Value), open(xR, hR as Value)];
  const heard =
    hH === undefined
      ? recurrent(graph, cell, binary(graph, 'Mul', r, h, shape), [2, 3])
      : binary(graph, 'Mul', r, hH, shape);
  const candidate = activate(graph, binary(graph, 'Add', xH, heard, shape), cell.activation);
  const rest = graph.node('Sub', [graph.floats('one', [], [1]), z], { shape });
  const kept = binary(graph, 'Mul', z, h, shape);
  return [binary(graph, 'Add', kept, binary(graph, 'Mul', rest, candidate, shape), shape)];
}

function simpleStep(graph: GraphBuilder, cell: Cell, given: Value, states: readonly Value[]): Value[] {
  const [h] = states as [Value];
  return [activate(graph, binary(graph, 'Add', given, recurrent(graph, cell, h), h.shape), cell.activation)];
}

/** x · kernel + bias for all steps at once: [T, B, gates · units]. */
function inputsOf(graph: GraphBuilder, cell: Cell, x: Value): Value {
  const { kernel, bias, units } = cell;
  const width = gatesOf(cell) * units;
  const shape = [...x.shape.slice(0, 2), width];
  const product = graph.node('MatMul', [x, graph.floats('kernel', kernel.shape, kernel.data)], { shape });
  if (bias === undefined) return product;
  return graph.node('Add', [product, graph.floats('bias', [width], bias.data.subarray(0, width))], { shape });
}

/** h · (the columns of these gates), with the bias that a GRU may have. */
function recurrent(graph: GraphBuilder, cell: Cell, h: Value, [from, to] = [0, gatesOf(cell)]): Value {
  const { units, recurrentKernel, bias } = cell;
  const [all, width] = [gatesOf(cell) * units, (to - from) * units];
  const isWhole = width === all;
  const columns = new Float32Array(units * width);
  for (let row = 0; row < units; row++) {
    const start = row * all + from * units;
    columns.set(recurrentKernel.data.subarray(start, start + width), row * width);
  }
  const name = isWhole ? 'recurrentKernel' : `recurrentKernel${from}`;
  const shape = [h.shape[0] ?? null, width];
  const product = graph.node('MatMul', [h, graph.floats(name, [units, width], columns)], { shape });
  if (bias === undefined || bias.data.length === all) return product;
  return graph.node('Add', [product, graph.floats('recurrentBias', [width], bias.data.subarray(all))], { shape });
}

function gates(graph: GraphBuilder, value: Value, units: number, count: number): Value[] {
  const sizes = graph.ints(
    'gates',
    [count],
    Array.from({ length: count }, () => units),
  );
  const shape = [value.shape[0] ?? null, units];
  return graph.nodeOf(
    'Split',
    [value, sizes],
    Array.from({ length: count }, () => ({ shape })),
    { axis: 1 },
  );
}

function binary(graph: GraphBuilder, operator: string, a: Value, b: Value, shape: Lengths): Value {
  return graph.node(operator, [a, b], { shape });
}

/** bool [B, 1]: whether a step counts. */
function maskAt(graph: GraphBuilder, mask: string, time: number, batch: number | null): Value {
  const at = graph.ints(`column${time}`, [1], [time]);
  return graph.node('Gather', [mask, at], { shape: [batch, 1], dtype: 'bool' }, { axis: 1 });
}

function chosen(graph: GraphBuilder, isCounted: Value, next: readonly Value[], states: readonly Value[]): Value[] {
  return next.map((value, i) => graph.node('Where', [isCounted, value, states[i] as Value], { shape: value.shape }));
}

function zeroStates(graph: GraphBuilder, cell: Cell, x: Value): Value[] {
  const [, batch = null] = x.shape;
  const shape = graph.node('Shape', [x], { shape: [3], dtype: 'int64' });
  const rows = graph.node('Gather', [shape, graph.ints('batch', [1], [1])], { shape: [1], dtype: 'int64' });
  const wanted = graph.node(
    'Concat',
    [rows, graph.ints('units', [1], [cell.units])],
    { shape: [2], dtype: 'int64' },
    { axis: 0 },
  );
  const zeros = graph.node('ConstantOfShape', [wanted], { shape: [batch, cell.units] });
  return Array.from({ length: statesOf(cell) }, () => zeros);
}
