import type { NamedArrays, NdArray } from '../core/shape.ts';

export interface StepEvent {
  readonly type: 'step';
  /** Counted from 1, as are steps of an epoch. */
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  /** The same, counted over the whole run. */
  readonly runStep: number;
  readonly runSteps: number;
  /** Of this step's batch, before its update. */
  readonly loss: number;
  /** Milliseconds of this epoch so far, and of these the ones spent in steps; in the rest it waited for examples. */
  readonly ms: number;
  readonly learnMs: number;
  readonly examplesPerSecond: number;
}

/** What makes the run slower than it could be. */
export interface NoticeEvent {
  readonly type: 'notice';
  readonly message: string;
}

export interface EpochEvent {
  readonly type: 'epoch';
  readonly epoch: number;
  readonly epochs: number;
  /** Mean over the examples of the epoch. */
  readonly loss: number;
  readonly ms: number;
  /** Of these, the milliseconds of the steps themselves; in the rest they waited for examples and answers. */
  readonly learnMs: number;
  readonly examplesPerSecond: number;
}

/** What the student says of the held-out examples. */
export interface HoldoutOutputs {
  readonly holdoutOutputs?: NdArray;
  /** The same of the other members of a cohort, of branches and of exits, by output. */
  readonly peerOutputs?: NamedArrays;
}
