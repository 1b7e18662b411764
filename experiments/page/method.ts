// What a method of the table is, and the run that most of them are.
import {
  crossEntropy,
  type DistillOptions,
  distill,
  type LabelledDataset,
  type Loss,
  type Student,
  type WeightedTerm,
  weighted,
} from 'limbeck';
import { BATCH, optimizer, type SettingName, VARIED } from './amounts.ts';
import type { Setting } from './settings.ts';
import { labelsAloneOf, seen, studentOf, type Variant } from './variant.ts';

export type Kind =
  | 'baseline'
  | 'response'
  | 'intermediate'
  | 'relation'
  | 'mutual information'
  | 'combination'
  | 'multi-teacher'
  | 'online'
  | 'self'
  | 'cross-modal'
  | 'graph'
  | 'adaptation'
  | 'expansion'
  | 'enhancement';

/** Of a setting, or of both. */
type Named = string | ((of: SettingName) => string | undefined);

/** One row of the table, before it is run. */
export interface Method extends Variant {
  readonly name: string;
  readonly kind: Kind;
  readonly settings: readonly SettingName[];
  /** The row to be held against: the same without a teacher. Default: 'labels alone' of the same variant. */
  readonly baseline?: Named;
  /** The row to which this one adds one thing, such as a loss or a second teacher. */
  readonly addsTo?: Named;
  /** The teacher, if it is not the setting's. */
  readonly teacher?: string;
  /** What the student is scored on, if it is not the setting's held-out digits in its view. */
  readonly holdout?: (setting: Setting) => LabelledDataset;
  /** Among which classes, from one up to another, the student chooses for a digit of that label. Default: all. */
  readonly among?: (label: number) => readonly [number, number];
  /** A candidate of something that is chosen on development digits, and no row of the tables. */
  readonly isCandidate?: boolean;
  /** Learns, and gives the student to score. */
  run(setting: Setting, seed: number): Promise<Student>;
}

/** What a row is held against, and what it adds to, by name. */
export function comparedWith(method: Method, of: SettingName) {
  const { kind, baseline = (one: SettingName) => labelsAloneOf(one, method), addsTo } = method;
  const nameOf = (named: Named | undefined) => (typeof named === 'function' ? named(of) : named) ?? null;
  return { baseline: kind === 'baseline' ? null : nameOf(baseline), addsTo: nameOf(addsTo) };
}

/** What a row may say of its run; of what its variant decides, nothing. */
export type Overrides = Partial<Omit<DistillOptions, 'seed' | 'trainer' | 'augment' | 'teacherData'>>;

/** A row that is one run of `distill`: what differs from other rows, and what is told about it. */
export function row(
  kind: Kind,
  name: string,
  overrides: (setting: Setting, seed: number) => Overrides | Promise<Overrides>,
  more: Partial<Omit<Method, 'run'>> = {},
): Method {
  return {
    kind,
    name,
    settings: ['few', 'all'],
    ...more,
    run: async (setting, seed) => learned(setting, seed, await overrides(setting, seed), more),
  };
}

/** One run of `distill` with what all rows share. Nothing is held out in it: rows are scored afterwards, all in one way. */
export async function learned(
  setting: Setting,
  seed: number,
  overrides: Overrides,
  variant: Variant = {},
): Promise<Student> {
  const { data: whole = setting.data, teacher = 'teacher' in overrides ? undefined : setting.teacher } = overrides;
  const { student } = await distill({
    student: studentOf(setting.name, variant),
    epochs: epochsFor(setting, whole.size),
    ...common(setting, seed),
    ...overrides,
    teacher,
    data: seen(variant.view, whole, seed),
    ...(variant.view !== undefined && teacher !== undefined && { teacherData: whole }),
    ...(variant.varied && { augment: VARIED }),
  }).done;
  return student;
}

/** What schemes of several rounds share too. */
export function common({ trainer }: Setting, seed: number) {
  return { batchSize: BATCH, optimizer, trainer, seed };
}

/** As many epochs of some examples as make the steps of all rows. */
export function epochsFor({ steps }: Setting, examples: number): number {
  return Math.max(1, Math.round(steps / Math.ceil(examples / BATCH)));
}

/** A loss, of weight 1 or of another. */
type Taught = Loss | [Loss, WeightedTerm['weight']];

/** A loss on the teacher, added to cross-entropy on the available labels. */
export function withLabels({ labelWeight }: Setting, ...losses: readonly Taught[]): Loss {
  const terms = losses.map((given) =>
    Array.isArray(given) ? { loss: given[0], weight: given[1] } : { loss: given, weight: 1 },
  );
  return weighted([...terms, { loss: crossEntropy(), weight: labelWeight }]);
}
