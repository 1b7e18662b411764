/**
 * Whether what is exhaustive runs too: every death, pair and mutation (`npm run test:long` sets LIMBECK_SLOW). Otherwise
 * tests draw fewer cases of the same kinds.
 */
export const isLong = process.env.LIMBECK_SLOW === '1';
