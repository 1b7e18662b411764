// The same students, steps and seeds without a teacher.
import { type AugmentOptions, cnn, crossEntropy, type LabelledDataset, mlp, type Student } from 'limbeck';
import { SIDE, VARIED } from './amounts.ts';
import { epochsFor, learned, type Method } from './method.ts';
import type { Setting } from './settings.ts';

/** Students of some rows in 'all', where most have the larger mlp; in 'few' all have the cnn. */
export const students = {
  cnn: () => cnn(),
  'mlp 32': () => mlp({ inputShape: [SIDE, SIDE, 1], hidden: [32] }),
};

/** As many steps as every row takes, on what has a label. */
export function labelsAlone(
  setting: Setting,
  seed: number,
  more: { readonly student?: Student; readonly data?: LabelledDataset; readonly augment?: AugmentOptions } = {},
): Promise<Student> {
  const { data = setting.labelled } = more;
  const alone = { teacher: undefined, loss: crossEntropy(), epochs: epochsFor(setting, data.size) };
  return learned(setting, seed, { ...alone, ...more, data });
}

export const baselines: readonly Method[] = [
  {
    name: 'labels alone',
    kind: 'baseline',
    settings: ['few', 'all'],
    teacher: 'none',
    run: (setting, seed) => labelsAlone(setting, seed),
  },
  {
    name: 'labels alone, varied digits',
    kind: 'baseline',
    settings: ['few', 'all'],
    teacher: 'none',
    run: (setting, seed) => labelsAlone(setting, seed, { augment: VARIED }),
  },
  ...Object.entries(students).map(
    ([name, student]): Method => ({
      name: `labels alone, ${name}`,
      kind: 'baseline',
      settings: ['all'],
      teacher: 'none',
      run: (setting, seed) => labelsAlone(setting, seed, { student: student() }),
    }),
  ),
];
