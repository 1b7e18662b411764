/** What was measured of one subject. */
export interface Measured {
  /** Milliseconds of the counted passes of each round; empty for a round in which it had no turn. */
  readonly rounds: readonly (readonly number[])[];
  /** Passes that do not count: before it had settled, and at the start of each turn. */
  readonly warmUps: number;
  /** Sentences that whoever reads the figures should know. */
  readonly notices: readonly string[];
  /** Why it has no more rounds: it threw, or was ended because it hung. */
  readonly failure?: string;
}
