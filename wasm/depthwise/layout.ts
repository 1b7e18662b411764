/** The argument block: 32-bit words in this order. `runtime/kernels/conv/depthwise.ts` writes it. */
export const X: i32 = 0;
export const FILTER: i32 = 1;
export const Y: i32 = 2;
export const BIAS: i32 = 3;
export const ACTIVATION: i32 = 4;
/** 1: the filter is read from its last tap to its first, as the input's gradient needs it. */
export const IS_TURNED: i32 = 5;
export const IMAGES: i32 = 6;
export const CHANNELS: i32 = 7;
export const IN_H: i32 = 8;
export const IN_W: i32 = 9;
export const OUT_H: i32 = 10;
export const OUT_W: i32 = 11;
export const FILTER_H: i32 = 12;
export const FILTER_W: i32 = 13;
export const STRIDE_H: i32 = 14;
export const STRIDE_W: i32 = 15;
export const DILATION_H: i32 = 16;
export const DILATION_W: i32 = 17;
export const PAD_TOP: i32 = 18;
export const PAD_LEFT: i32 = 19;
/** Of the filter's gradient: into how many chunks of rows its sum is split, and the address of their partial sums. */
export const CHUNKS: i32 = 20;
export const PARTIALS: i32 = 21;

/**
 * Bytes from one value to the next, for the 3×3 filters moved by one. They walk along a line; on images much higher
 * than wide the lines are columns, and the words for H and W are swapped.
 */
export const IN_STEP: i32 = 22;
export const OUT_STEP: i32 = 23;
export const IN_LINE: i32 = 24;
export const OUT_LINE: i32 = 25;
export const TAP_STEP: i32 = 26;
export const TAP_LINE: i32 = 27;

/** Byte offset of the five floats of a clipped line; see `../activation`. */
export const CURVE: usize = 28 << 2;

/** Bytes of input rows that are worked on channel by channel before the next rows: they stay in the first-level cache. */
export const BAND_BYTES: i32 = 32768;

/** The longest row of zeros that scratch memory is used for. */
export const ZERO_BYTES: usize = 262144;
