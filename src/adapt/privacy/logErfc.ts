const SQRT_PI = Math.sqrt(Math.PI);

/** Below it the series is precise and fast; above it the continued fraction is. */
const SERIES_ENDS = 2;
/** Terms for double precision at x = 2; above it fewer would do. */
const FRACTION_TERMS = 60;

/**
 * The natural logarithm of the complementary error function, also where erfc itself is no longer a double.
 * Numerics  relative error of erfc below 1e-13
 * Throws    nothing
 * Source    series: DLMF 7.6.2 · continued fraction: DLMF 7.9.1
 */
export function logErfc(x: number): number {
  if (x < 0) return Math.log1p(1 - Math.exp(logErfc(-x)));
  if (x < SERIES_ENDS) return Math.log1p(-erf(x));
  let fraction = x;
  for (let k = FRACTION_TERMS; k > 0; k--) fraction = x + k / 2 / fraction;
  return -x * x - Math.log(SQRT_PI * fraction);
}

/** All terms are positive, so no digits cancel. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / SQRT_PI) * Math.exp(-x * x) * sum;
}
