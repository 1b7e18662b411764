// What the teacher answers.
import {
  crossEntropy,
  decoupledTargets,
  distributionCorrelation,
  generalizedDivergence,
  type Loss,
  logitRegression,
  multiLevelTargets,
  normalizedTargets,
  softCrossEntropy,
  softTargets,
  standardizedTargets,
  weightedSoftLabels,
} from 'limbeck';
import { type Method, row, withLabels } from './method.ts';
import { namedByTeacher } from './named.ts';

function answers(name: string, loss: () => Loss, weight = 1): Method {
  return row('response', name, (setting) => ({ loss: withLabels(setting, [loss(), weight]) }));
}

/** For losses that need a label for each example: the teacher names those that have none. */
function answersNamed(name: string, loss: () => Loss): Method {
  return row('response', name, async (setting) => ({
    data: await namedByTeacher(setting),
    loss: withLabels({ ...setting, labelWeight: 0.3 }, loss()),
  }));
}

export const response: readonly Method[] = [
  row('response', 'softTargets without labels', ({ unlabelled }) => ({ data: unlabelled, loss: softTargets() })),
  answers('softTargets', () => softTargets()),
  row('response', 'softTargets, varied digits', (setting) => ({ loss: withLabels(setting, softTargets()) }), {
    varied: true,
  }),
  row(
    'response',
    "crossEntropy with the teacher's classes",
    async (setting) => ({
      teacher: undefined,
      data: await namedByTeacher(setting),
      loss: crossEntropy(),
    }),
    { settings: ['few'] },
  ),
  answers('logitRegression', () => logitRegression(), 0.3),
  answers('softCrossEntropy', () => softCrossEntropy()),
  answers('decoupledTargets', () => decoupledTargets()),
  answers('distributionCorrelation', () => distributionCorrelation(), 2),
  answers('standardizedTargets', () => standardizedTargets(), 2),
  answers('multiLevelTargets', () => multiLevelTargets(), 0.2),
  answers('generalizedDivergence', () => generalizedDivergence(), 4),
  answers('generalizedDivergence, reverse', () => generalizedDivergence({ beta: 1 })),
  answersNamed('normalizedTargets', () => normalizedTargets()),
  answersNamed('weightedSoftLabels', () => weightedSoftLabels()),
  row('response', 'softTargets, mlp 32', (setting) => ({ loss: withLabels(setting, softTargets()) }), {
    settings: ['all'],
    student: 'mlp 32',
  }),
];
