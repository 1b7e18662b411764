import { LimbeckError } from '../../core/errors.ts';
import { given, type Optional } from '../../core/schema.ts';
import { checkAugment } from '../../data/augmentOptions.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { Loss } from '../../losses/loss.ts';
import { type AccumulateOption, checkAccumulate } from './accumulate/accumulate.ts';
import type { AdaptationOption, AdaptationResult } from './adaptation/adaptation.ts';
import type { AugmentOption } from './augment/augment.ts';
import { type AverageOption, checkAverage } from './average/average.ts';
import { type BalanceEvent, type BalanceOption, type BalanceReported, checkBalance } from './balance/balance.ts';
import type { BatchNormEvent, BatchNormReported } from './batchNorm/estimateBatchNorm.ts';
import { type CheckpointsOption, readCheckpoints } from './checkpoints/checkpoints.ts';
import type { ColocatedResult } from './colocated/colocated.ts';
import { checkKeepBest, type KeepBestOption } from './keepBest/keepBest.ts';
import {
  checkQuantizationAware,
  type QuantizationAwareOption,
  type QuantizationAwareReported,
} from './quantizationAware/quantizationAware.ts';
import { checkRecompute, type RecomputeOption } from './recompute/recompute.ts';
import { checkLearningSchedule, type ScheduleOption } from './schedule/schedule.ts';
import { checkSelfTeacher, type SelfTeacherOption, selfAnswers } from './selfTeacher/selfTeacher.ts';

export type { AverageOptions } from './average/average.ts';
export type { BalancedTerm, BalanceEvent, BalanceOptions } from './balance/balance.ts';
export type { CheckpointOptions } from './checkpoints/checkpoints.ts';
export type { KeepBestOptions, KeepBestReported } from './keepBest/keepBest.ts';
export type { QuantizationAwareOptions, QuantizationReport } from './quantizationAware/quantizationAware.ts';
export type { PlateauOptions } from './schedule/schedule.ts';
export type { SelfTeacherOptions } from './selfTeacher/selfTeacher.ts';

/** The optional features of a run, each in its own folder. */
export interface PartOptions
  extends AccumulateOption,
    AugmentOption,
    AverageOption,
    BalanceOption,
    CheckpointsOption,
    KeepBestOption,
    QuantizationAwareOption,
    RecomputeOption,
    ScheduleOption,
    SelfTeacherOption {}

/** The same for a job, which may also be an adaptation. */
export interface JobParts extends Omit<PartOptions, 'checkpoints'>, AdaptationOption {}

/** What a run's report says about its parts. */
export interface PartReports extends BalanceReported, BatchNormReported, QuantizationAwareReported {}

/** What a run returns besides weights and report, however it ends. */
export interface PartResults extends AdaptationResult, ColocatedResult {}

/** What parts report during a run. */
export type PartEvent = BalanceEvent | BatchNormEvent;

/** A run that is checked. */
export interface CheckedRun {
  readonly loss: Loss;
  readonly data: Dataset;
  readonly holdout?: Dataset | undefined;
}

/** What must be known of a part before a run opens. */
interface PartOption<Given> {
  /** Throws    invalid-option */
  check(given: Given, run: CheckedRun): void;
  /** Names of the answers that it adds to the teacher's. */
  answers?(given: Given): readonly string[];
  /** Whether a run from labels alone leaves it out. */
  readonly isOfTeacher?: boolean;
  /** Whether it cannot go on in another run from a state that was kept. */
  readonly isLost?: boolean;
}

/** This imports no tfjs; `open.ts` holds what the parts do. */
const PARTS: { readonly [Name in keyof PartOptions]-?: PartOption<NonNullable<PartOptions[Name]>> } = {
  schedule: { check: checkLearningSchedule },
  accumulate: { check: checkAccumulate },
  augment: { check: (given, { data }) => checkAugment(given, data.inputs) },
  average: { check: checkAverage },
  selfTeacher: { check: checkSelfTeacher, answers: selfAnswers, isOfTeacher: true, isLost: true },
  balance: { check: (given, { loss }) => checkBalance(given, loss), isOfTeacher: true, isLost: true },
  quantizationAware: { check: checkQuantizationAware, isLost: true },
  recompute: { check: checkRecompute },
  keepBest: { check: checkKeepBest, isOfTeacher: true },
  checkpoints: { check: readCheckpoints, isOfTeacher: true },
};

const ALL = Object.entries(PARTS) as [keyof PartOptions, PartOption<unknown>][];

/** Spread these into a schema; `checkParts` checks them, because that takes the run's loss and data. */
export const PART_FIELDS = Object.fromEntries(ALL.map(([name]) => [name, given()])) as unknown as {
  readonly [Name in keyof PartOptions]-?: Optional<NonNullable<PartOptions[Name]>>;
};

/** Throws    invalid-option */
export function checkParts(options: PartOptions, run: CheckedRun): void {
  for (const [name, part] of ALL) if (options[name] !== undefined) part.check(options[name], run);
  const lost = ALL.find(([name, { isLost }]) => isLost && options[name]);
  if (options.checkpoints === undefined || lost === undefined) return;
  throw new LimbeckError(
    'invalid-option',
    `A run with "${lost[0]}" cannot go on from a checkpoint; leave "checkpoints" or "${lost[0]}" out.`,
    { details: { name: lost[0] } },
  );
}

/** The options that request a part, as plain values: the page keeps the store of checkpoints. */
export function partsOf({ checkpoints: _, ...options }: PartOptions): JobParts {
  return Object.fromEntries(
    ALL.flatMap(([name]) => (name !== 'checkpoints' && options[name] ? [[name, options[name]]] : [])),
  );
}

/** Names of the answers that parts add to the teacher's. */
export function ownAnswers(options: PartOptions): readonly string[] {
  return ALL.flatMap(([name, part]) => (options[name] && part.answers?.(options[name])) || []);
}

/** The same without parts that make no sense for a run from labels alone. */
export function withoutTeacher<T extends PartOptions>(options: T): T {
  const dropped: readonly string[] = ALL.flatMap(([name, { isOfTeacher }]) => (isOfTeacher ? [name] : []));
  return Object.fromEntries(Object.entries(options).filter(([name]) => !dropped.includes(name))) as T;
}
