// The same students, steps and seeds without a teacher.
import { crossEntropy, type LabelledDataset, type Student } from 'limbeck';
import type { SettingName } from './amounts.ts';
import { learned, type Method } from './method.ts';
import type { Setting } from './settings.ts';
import { labelsAloneOf, type Variant } from './variant.ts';

/** As many steps as every row takes, on what has a label. */
export function labelsAlone(
  setting: Setting,
  seed: number,
  variant: Variant,
  more: { readonly student?: Student; readonly data?: LabelledDataset } = {},
): Promise<Student> {
  return learned(setting, seed, { teacher: undefined, data: setting.labelled, loss: crossEntropy(), ...more }, variant);
}

/** One for each variant that some row has. */
const VARIANTS: readonly (readonly [Variant, readonly SettingName[]])[] = [
  [{}, ['few', 'all']],
  [{ varied: true }, ['few', 'all']],
  [{ student: 'cnn' }, ['all']],
  [{ student: 'mlp 32' }, ['all']],
  [{ view: 'left half' }, ['few', 'all']],
  [{ view: 'noisy digits' }, ['few', 'all']],
];

export const baselines: readonly Method[] = VARIANTS.map(([variant, settings]) => ({
  ...variant,
  name: labelsAloneOf('all', variant),
  kind: 'baseline',
  settings,
  teacher: 'none',
  run: (setting, seed) => labelsAlone(setting, seed, variant),
}));
