import type { Value } from '../../onnx/write/graphValue.ts';
import { plain } from '../../onnx/write/layout.ts';
import { flagOf } from '../graph/layerConfig.ts';
import type { LayerCall, LayerExporter } from '../layerExport.ts';
import { cellsOf, refuseRecurrent } from '../recurrent/cell.ts';
import { runCells } from '../recurrent/run.ts';
import { refuseStaleMask } from '../recurrent/staleMask.ts';
import { batchFirst, reversed, timeFirst } from '../recurrent/time.ts';

/** LSTM, GRU and SimpleRNN, and RNN around one cell or a stack: one node per cell. Dropout is for training only. */
export const recurrent: LayerExporter = {
  classNames: ['LSTM', 'GRU', 'SimpleRNN', 'RNN'],
  refuse: refuseRecurrent,
  keepsMask: true,
  write: writeRecurrent,
};

function writeRecurrent(call: LayerCall): Value[] {
  const { inputs, config, graph, weights, name } = call;
  const [x, ...initial] = inputs.map((input) => plain(graph, input)) as [Value, ...Value[]];
  refuseStaleMask(call, x);
  const returnsSequences = flagOf(config, 'returnSequences', false);
  const isBackwards = flagOf(config, 'goBackwards', false);
  const { sequence, states } = runCells(graph, call, {
    cells: cellsOf(call, weights, x.shape.at(-1) ?? null),
    path: name,
    mask: x.mask,
    pass: {
      x: timeFirst(graph, x),
      direction: isBackwards ? 'reverse' : 'forward',
      initial,
      needs: returnsSequences ? (flagOf(config, 'returnState', false) ? 'both' : 'sequence') : 'states',
    },
  });
  const outputs = [returnsSequences ? inOrder(call, sequence as Value, isBackwards) : (states[0] as Value)];
  return flagOf(config, 'returnState', false) ? [...outputs, ...states] : outputs;
}

/** [B, T, units]. A backward layer gives its last time first. */
function inOrder({ graph }: LayerCall, sequence: Value, isBackwards: boolean): Value {
  const value = batchFirst(graph, sequence);
  return isBackwards ? reversed(graph, value, 1) : value;
}
