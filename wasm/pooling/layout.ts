/** The argument block of every pooling: 32-bit words in this order. `runtime/kernels/pooling/pooling.ts` writes it. */
export const FROM: i32 = 0;
export const TO: i32 = 1;
export const IMAGES: i32 = 2;
export const CHANNELS: i32 = 3;
export const IN_H: i32 = 4;
export const IN_W: i32 = 5;
export const OUT_H: i32 = 6;
export const OUT_W: i32 = 7;
export const FILTER_H: i32 = 8;
export const FILTER_W: i32 = 9;
export const STRIDE_H: i32 = 10;
export const STRIDE_W: i32 = 11;
export const PAD_TOP: i32 = 12;
export const PAD_LEFT: i32 = 13;
