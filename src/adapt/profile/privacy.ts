import type { PrivateSpend } from '../privacy/composed.ts';

/** The most that one run of learning tells about an example: noisy steps, by the numbers that account for them. */
export interface ProfileSpend extends PrivateSpend {
  /** The δ that it was planned for. */
  readonly delta: number;
}

/** How a learner hides examples from anyone who sees what it learned. */
export interface LearnerPrivacy {
  /** The ε that all versions of a profile together may tell about an example, in nats. Default: no limit. */
  readonly budget?: number;
  /** What learning from so many examples will spend; it may depend on nothing else about them. */
  spendFor(examples: number): ProfileSpend;
}

/** The most that all learning of a profile together has told about an example, with probability 1 − delta. */
export interface PrivacyTotal {
  /** In nats; infinite where something was learned without noise, or what was spent cannot be read. */
  readonly epsilon: number;
  readonly delta: number;
  /** Runs of learning that started, however they ended. */
  readonly runs: number;
  readonly budget?: number;
}

/** The most that a version has told about an example, and all versions up to it together. */
export interface VersionPrivacy {
  readonly epsilon: number;
  readonly delta: number;
  readonly totalEpsilon: number;
}
