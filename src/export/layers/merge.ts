import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Lengths, Value } from '../../onnx/write/graphValue.ts';
import { plain, sameLayout } from '../../onnx/write/layout.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';

/** Merges elementwise, with broadcasting: one node per pair, or one node if the operator takes any number of inputs. */
export const merge: readonly LayerExporter[] = [
  { classNames: ['Add'], write: (call) => inPairs(call, 'Add') },
  { classNames: ['Multiply'], write: (call) => inPairs(call, 'Mul') },
  { classNames: ['Maximum'], write: (call) => atOnce(call, 'Max') },
  { classNames: ['Minimum'], write: (call) => atOnce(call, 'Min') },
  { classNames: ['Average'], write: writeAverage },
];

function inPairs(call: LayerCall, operator: string): Value {
  const [first, ...others] = alike(call) as [Value, ...Value[]];
  return others.reduce((sum, value) => call.graph.node(operator, [sum, value], together([sum, value])), first);
}

function atOnce(call: LayerCall, operator: string): Value {
  const values = alike(call);
  return call.graph.node(operator, values, together(values));
}

function writeAverage(call: LayerCall): Value {
  const sum = inPairs(call, 'Add');
  const share = call.graph.floats('share', [], [1 / call.inputs.length]);
  return call.graph.node('Mul', [sum, share], together([sum]));
}

/** The inputs in one layout. As in tfjs, an input of lower rank gets axes of length 1 after its batch. */
function alike({ inputs, graph }: LayerCall): Value[] {
  const rank = inputs.reduce((most, { shape }) => Math.max(most, shape.length), 0);
  if (inputs.every(({ shape }) => shape.length === rank)) return sameLayout(graph, inputs);
  return inputs.map((value) => widened(graph, plain(graph, value), rank));
}

function widened(graph: GraphBuilder, value: Value, rank: number): Value {
  const missing = rank - value.shape.length;
  if (missing === 0) return value;
  const axes = Array.from({ length: missing }, (_, i) => i + 1);
  const shape = [value.shape[0] ?? null, ...axes.map(() => 1), ...value.shape.slice(1)];
  return graph.node('Unsqueeze', [value, graph.ints('axes', [missing], axes)], { shape });
}

/** What is known of the result: the broadcast shape in the inputs' layout. */
function together(values: readonly Value[]): Omit<Value, 'name' | 'mask'> {
  const { name: _, mask: __, ...known } = values[0] as Value;
  return { ...known, shape: broadcast(values.map(({ shape }) => shape)) };
}

function broadcast(shapes: readonly Lengths[]): Lengths {
  return (shapes[0] as Lengths).map((_, axis) => {
    const lengths = shapes.map((shape) => shape[axis] ?? null);
    return lengths.find((length) => length !== null && length !== 1) ?? (lengths.includes(null) ? null : 1);
  });
}
