// The same students, steps and seeds without a teacher.
import { cnn, crossEntropy, mlp } from 'limbeck';
import { epochsFor, learned, type Method } from './method.ts';

const SHAPE = [28, 28, 1];
export const students = {
  cnn: () => cnn({ classes: 10 }),
  'mlp 32': () => mlp({ inputShape: SHAPE, hidden: [32], classes: 10 }),
};

const labelsAlone: Method['run'] = async (setting, seed) => {
  const data = setting.labelled;
  const overrides = { teacher: undefined, data, loss: crossEntropy(), epochs: epochsFor(setting, data.size) };
  return (await learned(setting, seed, overrides)).accuracy;
};

export const baselines: readonly Method[] = [
  { name: 'labels alone', kind: 'baseline', settings: ['few', 'all'], teacher: 'none', run: labelsAlone },
  ...Object.entries(students).map(
    ([name, student]): Method => ({
      name: `labels alone, ${name}`,
      kind: 'baseline',
      settings: ['all'],
      teacher: 'none',
      run: (setting, seed) => labelsAlone({ ...setting, student }, seed),
    }),
  ),
];
