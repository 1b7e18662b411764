import type { FloatAttribute, GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import { float } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { camelCase } from '../graph/layerConfig.ts';
import { type Cell, type CellKind, gatesOf, statesOf } from './cell.ts';
import type { Pass, Ran } from './pass.ts';

interface NativeActivation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

/** Activations of ONNX's recurrent operators, with the parameters that tfjs uses. */
const ACTIVATIONS: Readonly<Record<string, NativeActivation>> = {
  tanh: { name: 'Tanh' },
  sigmoid: { name: 'Sigmoid' },
  hardSigmoid: { name: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  relu: { name: 'Relu' },
  linear: { name: 'Affine', alpha: 1, beta: 0 },
  elu: { name: 'Elu', alpha: 1 },
  softsign: { name: 'Softsign' },
  softplus: { name: 'Softplus' },
};

const OPERATORS: Readonly<Record<CellKind, string>> = { LSTM: 'LSTM', GRU: 'GRU', SimpleRNN: 'RNN' };

/** The positions of ONNX's gates in tfjs's order: i f c o → i o f c; z r h is the same in both. */
const GATE_ORDER: Readonly<Record<CellKind, readonly number[]>> = {
  LSTM: [0, 3, 1, 2],
  GRU: [0, 1, 2],
  SimpleRNN: [0],
};

/** Whether ONNX has an operator for the whole sequence of this cell. */
export function isNative(cell: Cell): boolean {
  return activationsOf(cell).every((activation) => activation !== undefined);
}

/** One LSTM, GRU or RNN node over the sequence [T, B, F]; the outputs are in the time order of their inputs. */
export function runNative(graph: GraphBuilder, cell: Cell, { x, direction, initial, lengths, needs }: Pass): Ran {
  const { kind, units } = cell;
  const [steps = null, batch = null] = x.shape;
  const held = initial.map((state) => {
    return graph.node('Unsqueeze', [state, graph.ints('first', [1], [0])], { shape: [1, ...state.shape] });
  });
  const inputs = [x, ...weightsOf(graph, cell), lengths ?? '', ...held];
  while (inputs.at(-1) === '') inputs.pop();
  const state = { shape: [1, batch, units] };
  const needsStates = needs === 'states' || needs === 'both';
  const outputs = [
    needs === 'states' ? undefined : { shape: [steps, 1, batch, units] },
    ...(needsStates ? Array.from({ length: statesOf(cell) }, () => state) : []),
  ];
  const known = activationsOf(cell) as NativeActivation[];
  const [sequence, ...states] = graph.nodeOf(OPERATORS[kind], inputs, outputs, {
    hidden_size: units,
    direction,
    activations: known.map(({ name }) => name),
    ...numbers('activation_alpha', known, 'alpha'),
    ...numbers('activation_beta', known, 'beta'),
    ...(kind === 'GRU' && { linear_before_reset: cell.resetsAfter ? 1 : 0 }),
  });
  const squeeze = (value: Value, axis: number, shape: Value['shape']) =>
    graph.node('Squeeze', [value, graph.ints('direction', [1], [axis])], { shape });
  return {
    ...(needs !== 'states' && { sequence: squeeze(sequence as Value, 1, [steps, batch, units]) }),
    states: states.map((one) => squeeze(one, 0, [batch, units])),
  };
}

function activationsOf({ kind, activation, recurrentActivation }: Cell): (NativeActivation | undefined)[] {
  const of = (value: unknown) => (typeof value === 'string' ? ACTIVATIONS[camelCase(value)] : undefined);
  if (kind === 'SimpleRNN') return [of(activation)];
  return kind === 'GRU'
    ? [of(recurrentActivation), of(activation)]
    : [of(recurrentActivation), of(activation), of(activation)];
}

/** Parameters of the activations that have any, in order. */
function numbers(
  attribute: string,
  known: readonly NativeActivation[],
  key: 'alpha' | 'beta',
): Readonly<Record<string, FloatAttribute>> {
  const all = known.map((activation) => activation[key]).filter((number) => number !== undefined);
  return all.length === 0 ? {} : { [attribute]: float(all) };
}

/** W, R and B, or '' if there is none: [1, gates · units, …], gates in ONNX's order. */
function weightsOf(graph: GraphBuilder, cell: Cell): string[] {
  const { kind, units, kernel, recurrentKernel, bias } = cell;
  const rows = gatesOf(cell) * units;
  const turned = ({ data }: { data: Float32Array }, inputs: number) => {
    const out = new Float32Array(rows * inputs);
    GATE_ORDER[kind].forEach((from, to) => {
      for (let unit = 0; unit < units; unit++) {
        for (let i = 0; i < inputs; i++) {
          out[(to * units + unit) * inputs + i] = data[i * rows + from * units + unit] as number;
        }
      }
    });
    return out;
  };
  const [features = 0] = kernel.shape;
  const names = [
    graph.floats('kernel', [1, rows, features], turned(kernel, features)),
    graph.floats('recurrentKernel', [1, rows, units], turned(recurrentKernel, units)),
  ];
  if (bias === undefined) return [...names, ''];
  const both = new Float32Array(2 * rows);
  both.set(turned({ data: bias.data.subarray(0, rows) }, 1));
  if (bias.data.length === 2 * rows) both.set(turned({ data: bias.data.subarray(rows) }, 1), rows);
  return [...names, graph.floats('bias', [1, 2 * rows], both)];
}
