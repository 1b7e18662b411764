import type { LayerPatch } from '../layerPatch.ts';
import { lstm as runLstm } from '../ops/lstm.ts';
import type { Tensor } from '../tf.ts';
import { callRecurrent, type RecurrentPlan } from './callRecurrent.ts';

const plan: RecurrentPlan = {
  className: 'LSTM',
  kernelName: 'LstmSequence',
  gates: 4,
  stateNames: ['h0', 'c0'],
  run({ x, weights, recurrentActivation, states }) {
    const [h, c] = (states ?? []) as [Tensor, Tensor] | [];
    const initialState = h && c ? { h, c } : undefined;
    const { outputs, lastOutput, lastCell } = runLstm(x, weights, { recurrentActivation, initialState });
    return { outputs, states: [lastOutput, lastCell] };
  },
};

/** tfjs-layers' LSTM; its cell computes the same with implementation 1 and 2. */
export const lstm: LayerPatch = {
  className: plan.className,
  call: (...call) => callRecurrent(plan, ...call),
};
