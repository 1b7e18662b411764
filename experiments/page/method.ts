// What a method of the table is, and the run that most of them are.
import { type DistillOptions, distill, type Student } from 'limbeck';
import { BATCH, optimizer, type Setting, type SettingName } from './settings.ts';

export type Kind =
  | 'baseline'
  | 'response'
  | 'intermediate'
  | 'relation'
  | 'mutual information'
  | 'combination'
  | 'scheme'
  | 'objective';

/** One row of the table, before it is run. */
export interface Method {
  readonly name: string;
  readonly kind: Kind;
  readonly settings: readonly SettingName[];
  /** The row to be held against: that of the same student without a teacher. Default: 'labels alone'. */
  readonly baseline?: string;
  /** Who teaches, where it is not the setting's teacher. */
  readonly teacher?: string;
  /** Gives the accuracy on the held-out digits. */
  run(setting: Setting, seed: number): Promise<number>;
}

export type Overrides = Partial<Omit<DistillOptions, 'seed' | 'trainer'>>;

/** One run of `distill` with what all rows share. */
export async function learned(
  setting: Setting,
  seed: number,
  overrides: Overrides,
): Promise<{ student: Student; accuracy: number }> {
  const { teacher, data, holdout, epochs, trainer } = setting;
  const shared = { teacher, data, holdout, epochs, batchSize: BATCH, optimizer, trainer, seed };
  const { student, report } = await distill({ ...shared, student: setting.student(), ...overrides }).done;
  return { student, accuracy: report.holdout['accuracy'] ?? Number.NaN };
}

/** As many epochs of some examples as make the steps of all rows. */
export function epochsFor({ steps }: Setting, examples: number): number {
  return Math.max(1, Math.round(steps / Math.ceil(examples / BATCH)));
}
