// The argument block of the batch normalisation's kernels: 32-bit words in this order. Addresses first; a kernel reads
// what it needs. `runtime/kernels/norm/batchNorm.ts` writes it. Rows are folded as `reduce/columns.ts` says.

export const X: i32 = 0;
export const DY: i32 = 1;
/** y forward, dx backward. */
export const OUT: i32 = 2;
/** gamma and beta may be 0: one and zero. */
export const GAMMA: i32 = 3;
export const BETA: i32 = 4;
/** Results of the forward pass, inputs of all others. */
export const MEAN: i32 = 5;
export const VARIANCE: i32 = 6;
export const D_GAMMA: i32 = 7;
export const D_BETA: i32 = 8;
export const D_MEAN: i32 = 9;
export const D_VARIANCE: i32 = 10;
/** Two doubles for each chunk and folded column: first all of one kind, then all of the other. */
export const PARTIALS: i32 = 11;
/**
 * Floats for each folded column, kind by kind: the mean, the factor and the summand of y; in the gradient, behind them, the factor of dy,
 * the slope of x − m and the summand of dx.
 */
export const COEFFICIENTS: i32 = 12;
export const CHANNELS: i32 = 13;
/** Folded rows, their width, and the values behind them. */
export const ROWS: i32 = 14;
export const PERIOD: i32 = 15;
export const REST: i32 = 16;
export const CHUNKS: i32 = 17;
export const EPSILON: i32 = 18;
/** Rows before they were folded. */
export const COUNT: i32 = 19;
/** What follows the normalisation, as `../activation` numbers it: 0, relu or relu6. */
export const ACTIVATION: i32 = 20;
/** With an activation: factor and summand of y for each channel, for its gradient. [2, C] */
export const SLOPES: i32 = 21;
