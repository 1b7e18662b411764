/**
 * Where a rising function is 0, by bisection on a logarithmic scale; the nearer end if it is 0 nowhere. `tolerance`
 * applies to the logarithm.
 */
export function rootBetween(of: (at: number) => number, least: number, most: number, tolerance = 1e-8): number {
  if (of(least) >= 0) return least;
  if (of(most) <= 0) return most;
  let [low, high] = [Math.log(least), Math.log(most)];
  while (high - low > tolerance) {
    const middle = (low + high) / 2;
    if (of(Math.exp(middle)) < 0) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
