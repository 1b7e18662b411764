// What the teacher answers.
import {
  crossEntropy,
  decoupledTargets,
  distributionCorrelation,
  type Loss,
  softTargets,
  standardizedTargets,
  weighted,
} from 'limbeck';
import { students } from './baselines.ts';
import { learned, type Method } from './method.ts';
import type { SettingName } from './settings.ts';

const BOTH: readonly SettingName[] = ['few', 'all'];

/** Weight of the labels beside a teacher's loss. */
const LABELS = 0.3;

export function withLabels(loss: Loss, weight = 1): Loss {
  return weighted([
    { loss, weight },
    { loss: crossEntropy(), weight: LABELS },
  ]);
}

function row(name: string, loss: () => Loss, settings = BOTH): Method {
  return {
    name,
    kind: 'response',
    settings,
    run: async (setting, seed) => (await learned(setting, seed, { loss: loss() })).accuracy,
  };
}

export const response: readonly Method[] = [
  {
    name: 'softTargets without labels',
    kind: 'response',
    settings: BOTH,
    run: async (setting, seed) =>
      (await learned(setting, seed, { data: setting.unlabelled, loss: softTargets() })).accuracy,
  },
  row('softTargets', () => withLabels(softTargets())),
  row('decoupledTargets', () => withLabels(decoupledTargets())),
  row('distributionCorrelation', () => withLabels(distributionCorrelation())),
  row('standardizedTargets', () => withLabels(standardizedTargets())),
  {
    name: 'softTargets, mlp 32',
    kind: 'response',
    settings: ['all'],
    baseline: 'labels alone, mlp 32',
    run: async (setting, seed) =>
      (await learned(setting, seed, { student: students['mlp 32'](), loss: withLabels(softTargets()) })).accuracy,
  },
];
