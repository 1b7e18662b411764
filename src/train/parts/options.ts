import { given, type Optional } from '../../core/schema.ts';
import { checkAugment } from '../../data/augmentOptions.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { Loss } from '../../losses/loss.ts';
import type { AdaptationOption, AdaptationResult } from './adaptation/adaptation.ts';
import type { AugmentOption } from './augment/augment.ts';
import { type BalanceEvent, type BalanceOption, type BalanceReported, checkBalance } from './balance/balance.ts';
import type { BatchNormEvent, BatchNormReported } from './batchNorm/estimateBatchNorm.ts';
import type { ColocatedResult } from './colocated/colocated.ts';
import {
  checkQuantizationAware,
  type QuantizationAwareOption,
  type QuantizationAwareReported,
} from './quantizationAware/quantizationAware.ts';
import { checkSelfTeacher, type SelfTeacherOption, selfAnswers } from './selfTeacher/selfTeacher.ts';

export type { BalancedTerm, BalanceEvent, BalanceOptions } from './balance/balance.ts';
export type { QuantizationAwareOptions, QuantizationReport } from './quantizationAware/quantizationAware.ts';
export type { SelfTeacherOptions } from './selfTeacher/selfTeacher.ts';

/** The optional features of a run, each in its own folder. */
export interface PartOptions extends AugmentOption, BalanceOption, QuantizationAwareOption, SelfTeacherOption {}

/** The same for a job, which may also be an adaptation. */
export interface JobParts extends PartOptions, AdaptationOption {}

/** What a run's report says about its parts. */
export interface PartReports extends BalanceReported, BatchNormReported, QuantizationAwareReported {}

/** What a run returns besides weights and report, however it ends. */
export interface PartResults extends AdaptationResult, ColocatedResult {}

/** What parts report during a run. */
export type PartEvent = BalanceEvent | BatchNormEvent;

/** What must be known of a part before a run opens. */
interface PartOption<Given> {
  /** Throws    invalid-option */
  check(given: Given, run: { readonly loss: Loss; readonly data: Dataset }): void;
  /** Names of the answers that it adds to the teacher's. */
  answers?(given: Given): readonly string[];
  /** Whether a run from labels alone leaves it out. */
  readonly isOfTeacher?: boolean;
}

/** This imports no tfjs; `open.ts` holds what the parts do. */
const PARTS: { readonly [Name in keyof PartOptions]-?: PartOption<NonNullable<PartOptions[Name]>> } = {
  augment: { check: (given, { data }) => checkAugment(given, data.inputs) },
  selfTeacher: { check: checkSelfTeacher, answers: selfAnswers, isOfTeacher: true },
  balance: { check: (given, { loss }) => checkBalance(given, loss), isOfTeacher: true },
  quantizationAware: { check: checkQuantizationAware },
};

const ALL = Object.entries(PARTS) as [keyof PartOptions, PartOption<unknown>][];

/** Spread these into a schema; `checkParts` checks them, because that takes the run's loss and data. */
export const PART_FIELDS = Object.fromEntries(ALL.map(([name]) => [name, given()])) as unknown as {
  readonly [Name in keyof PartOptions]-?: Optional<NonNullable<PartOptions[Name]>>;
};

/** Throws    invalid-option */
export function checkParts(options: PartOptions, run: { readonly loss: Loss; readonly data: Dataset }): void {
  for (const [name, part] of ALL) if (options[name] !== undefined) part.check(options[name], run);
}

/** The options that request a part. */
export function partsOf(options: PartOptions): PartOptions {
  return Object.fromEntries(ALL.flatMap(([name]) => (options[name] ? [[name, options[name]]] : [])));
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
