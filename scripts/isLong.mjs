/**
 * Whether tests are exhaustive (every death, pair and mutation), as in `npm run test:long`, which sets LIMBECK_SLOW.
 * Otherwise they draw fewer cases of the same kinds.
 */
export const isLong = process.env.LIMBECK_SLOW === '1';
