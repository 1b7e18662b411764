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
  /** Milliseconds of this epoch so far, and how many of them were spent in steps; the rest was waiting for examples. */
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
  /** Of these, the milliseconds of the steps themselves; the rest was waiting for examples and answers. */
  readonly learnMs: number;
  readonly examplesPerSecond: number;
}

/** The student's outputs for the held-out examples. */
export interface HoldoutOutputs {
  readonly holdoutOutputs?: NdArray;
  /** The same for other members of a cohort, branches and exits, by output. */
  readonly peerOutputs?: NamedArrays;
}
