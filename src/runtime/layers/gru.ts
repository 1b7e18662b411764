import type { LayerPatch } from '../layerPatch.ts';
import { gru as runGru } from '../ops/gru.ts';
import { callRecurrent, type RecurrentPlan } from './callRecurrent.ts';

const plan: RecurrentPlan = {
  className: 'GRU',
  kernelName: 'GruSequence',
  gates: 3,
  stateNames: ['h0'],
  run({ x, weights, recurrentActivation, states }) {
    const { outputs, lastOutput } = runGru(x, weights, { recurrentActivation, initialState: states?.[0] });
    return { outputs, states: [lastOutput] };
  },
};

/** tfjs-layers' GRU, whose reset gate always comes before the recurrent product. */
export const gru: LayerPatch = {
  className: plan.className,
  call: (...call) => callRecurrent(plan, ...call),
};
