/** How long learning may take: what ends first ends it. */
export interface LearnBudget {
  readonly ms?: number | undefined;
  readonly steps?: number | undefined;
}
