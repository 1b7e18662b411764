import { type Attribute, float, type GraphBuilder, type Output } from '../../onnx/write/graphBuilder.ts';
import { heldAxis, type Value } from '../../onnx/write/graphValue.ts';
import { camelCase } from './layerConfig.ts';

type Write = (graph: GraphBuilder, x: Value) => Value;

/** Every activation that tfjs-layers knows, and limbeck's hardSwish, by its name in camelCase. */
const ACTIVATIONS: Readonly<Record<string, Write>> = {
  linear: (_, x) => x,
  relu: one('Relu'),
  relu6: (graph, x) => clipped(graph, x, 0, 6),
  elu: one('Elu', { alpha: float(1) }),
  selu: one('Selu'),
  sigmoid: one('Sigmoid'),
  hardSigmoid: one('HardSigmoid', { alpha: float(0.2), beta: float(0.5) }),
  softplus: one('Softplus'),
  softsign: one('Softsign'),
  tanh: one('Tanh'),
  softmax: (graph, x) => overAxis(graph, 'Softmax', x, -1),
  logSoftmax: (graph, x) => overAxis(graph, 'LogSoftmax', x, -1),
  swish: (graph, x) => graph.node('Mul', [x, graph.node('Sigmoid', [x], like(x))], like(x)),
  mish: (graph, x) =>
    graph.opset >= 18
      ? graph.node('Mish', [x], like(x))
      : graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x], like(x))], like(x))], like(x)),
  hardSwish: (graph, x) => {
    if (graph.opset >= 14) return graph.node('HardSwish', [x], like(x));
    const gate = graph.node('HardSigmoid', [x], like(x), { alpha: float(1 / 6), beta: float(0.5) });
    return graph.node('Mul', [x, gate], like(x));
  },
  gelu,
  geluNew,
};

/**
 * Writes an activation by its name in a config: 'relu', 'hard_sigmoid', null. Elementwise ones keep the layout. Check it with
 * `refuseActivation` first.
 */
export function activate(graph: GraphBuilder, x: Value, activation: unknown): Value {
  return (ACTIVATIONS[activationName(activation)] as Write)(graph, x);
}

/** Why an activation cannot be written; undefined if it can. */
export function refuseActivation(activation: unknown): string | undefined {
  const name = activationName(activation);
  return name in ACTIVATIONS ? undefined : `its activation "${name}" has no ONNX form here`;
}

/** Softmax or LogSoftmax along an axis of the keras shape, in any layout. */
export function overAxis(graph: GraphBuilder, operator: 'Softmax' | 'LogSoftmax', x: Value, axis: number): Value {
  return graph.node(operator, [x], like(x), { axis: heldAxis(x, axis) });
}

/** min(max(x, least), most); one of them may be open. */
export function clipped(graph: GraphBuilder, x: Value, least: number, most: number | undefined): Value {
  const low = graph.floats('least', [], [least]);
  return graph.node('Clip', most === undefined ? [x, low] : [x, low, graph.floats('most', [], [most])], like(x));
}

/** The value's shape, layout and mask, for elementwise results. */
export function like({ name: _, ...rest }: Value): Output {
  return rest;
}

function one(operator: string, attributes: Readonly<Record<string, Attribute>> = {}): Write {
  return (graph, x) => graph.node(operator, [x], like(x), attributes);
}

/** x · Φ(x); below opset 20 in the form that onnxruntime fuses into one kernel. */
function gelu(graph: GraphBuilder, x: Value): Value {
  if (graph.opset >= 20) return graph.node('Gelu', [x], like(x));
  const scaled = graph.node('Div', [x, graph.floats('sqrt2', [], [Math.SQRT2])], like(x));
  const erf = graph.node('Erf', [scaled], like(x));
  const sum = graph.node('Add', [erf, graph.floats('one', [], [1])], like(x));
  const product = graph.node('Mul', [x, sum], like(x));
  return graph.node('Mul', [product, graph.floats('half', [], [0.5])], like(x));
}

/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) */
function geluNew(graph: GraphBuilder, x: Value): Value {
  if (graph.opset >= 20) return graph.node('Gelu', [x], like(x), { approximate: 'tanh' });
  const constant = (name: string, value: number) => graph.floats(name, [], [value]);
  const cube = graph.node('Pow', [x, constant('three', 3)], like(x));
  const cubic = graph.node('Mul', [cube, constant('cubic', 0.044715)], like(x));
  const inner = graph.node('Add', [x, cubic], like(x));
  const scaled = graph.node('Mul', [inner, constant('scale', Math.sqrt(2 / Math.PI))], like(x));
  const tanh = graph.node('Tanh', [scaled], like(x));
  const sum = graph.node('Add', [tanh, constant('one', 1)], like(x));
  const product = graph.node('Mul', [x, sum], like(x));
  return graph.node('Mul', [product, constant('half', 0.5)], like(x));
}

/** In camelCase. tfjs writes a name; a topology by hand may hold `{ className, config }`, and null is 'linear'. */
export function activationName(activation: unknown): string {
  const name = (activation as { className?: unknown } | null)?.className ?? activation ?? 'linear';
  return camelCase(String(name));
}
