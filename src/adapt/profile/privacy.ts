import type { PrivateSpend } from '../privacy/composed.ts';

/** What one run of learning tells of an example at most: noisy steps, by the numbers that account for them. */
export interface ProfileSpend extends PrivateSpend {
  /** The δ that it was meant for. */
  readonly delta: number;
}

/** How a learner hides examples from whoever sees what it learned. */
export interface LearnerPrivacy {
  /** The ε that all versions of a profile together may tell of an example, in nats. Default: no end. */
  readonly budget?: number;
  /** What learning from so many examples will spend; it may hang on nothing else of them. */
  spendFor(examples: number): ProfileSpend;
}

/** What all learning of a profile together has told of an example at most, with probability 1 − delta. */
export interface PrivacyTotal {
  /** In nats; infinite where something was learned without noise, or what was spent cannot be read. */
  readonly epsilon: number;
  readonly delta: number;
  /** Runs of learning that were begun, whatever became of them. */
  readonly runs: number;
  readonly budget?: number;
}

/** What a version has told of an example at most, and all until then together. */
export interface VersionPrivacy {
  readonly epsilon: number;
  readonly delta: number;
  readonly totalEpsilon: number;
}
