import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { definitionOf, flagOf, textOf } from '../graph/layerConfig.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';
import { cellsOf, refuseRecurrent } from '../recurrent/cell.ts';
import { runCells } from '../recurrent/run.ts';
import { refuseStaleMask } from '../recurrent/staleMask.ts';
import { batchFirst, reversed, timeFirst } from '../recurrent/time.ts';

const MERGES: Readonly<Record<string, string>> = { sum: 'Add', ave: 'Add', mul: 'Mul', concat: 'Concat' };

/** A forward and a backward recurrent layer over the same sequence, with merged outputs. */
export const bidirectional: LayerExporter = {
  classNames: ['Bidirectional'],
  refuse({ config }) {
    if (config['mergeMode'] !== null && !(textOf(config, 'mergeMode', 'concat') in MERGES)) {
      return `its mergeMode is "${String(config['mergeMode'])}"`;
    }
    return refuseRecurrent(definitionOf(config, 'layer'));
  },
  keepsMask: true,
  write: writeBidirectional,
};

function writeBidirectional(call: LayerCall): Value[] {
  const { inputs, config, graph, weights, name } = call;
  const [x, ...initial] = inputs.map((input) => plain(graph, input)) as [Value, ...Value[]];
  refuseStaleMask(call, x);
  const layer = definitionOf(config, 'layer');
  const returnsSequences = flagOf(layer.config, 'returnSequences', false);
  const returnsState = flagOf(layer.config, 'returnState', false);
  const isBackwards = flagOf(layer.config, 'goBackwards', false);
  const steps = timeFirst(graph, x);

  const runHalf = (half: 0 | 1) => {
    const direction = half === 0 ? 'forward' : 'backward';
    const own = weights.filter((weight) => weight.name.includes(`/${direction}_`));
    const first = (initial.length / 2) * half;
    return runCells(graph, call, {
      cells: cellsOf(layer, own, x.shape.at(-1) ?? null),
      path: `${name}/${direction}`,
      mask: x.mask,
      pass: {
        x: steps,
        // A wrapped layer with goBackwards runs backwards in the first half and forwards in the second.
        direction: isBackwards === (half === 0) ? 'reverse' : 'forward',
        initial: initial.slice(first, first + initial.length / 2),
        needs: returnsSequences ? (returnsState ? 'both' : 'sequence') : 'states',
      },
    });
  };
  const halves = [runHalf(0), runHalf(1)] as const;
  const outputs = halves.map(({ sequence, states }) => {
    if (!returnsSequences) return states[0] as Value;
    // As in tfjs, both are in the time order of their inputs, except for a layer with goBackwards.
    const value = batchFirst(graph, sequence as Value);
    return isBackwards ? reversed(graph, value, 1) : value;
  }) as [Value, Value];
  const merged = mergedOutputs(
    graph,
    outputs,
    config['mergeMode'] === null ? undefined : textOf(config, 'mergeMode', 'concat'),
  );
  return returnsState ? [...merged, ...halves[0].states, ...halves[1].states] : merged;
}

function mergedOutputs(graph: GraphBuilder, outputs: readonly [Value, Value], mode: string | undefined): Value[] {
  const [{ shape }] = outputs;
  if (mode === undefined) return [...outputs];
  if (mode === 'concat') {
    const wide = [...shape.slice(0, -1), 2 * (shape.at(-1) as number)];
    return [graph.node('Concat', outputs, { shape: wide }, { axis: shape.length - 1 })];
  }
  const sum = graph.node(MERGES[mode] as string, outputs, { shape });
  return mode === 'ave' ? [graph.node('Mul', [sum, graph.floats('half', [], [0.5])], { shape })] : [sum];
}
