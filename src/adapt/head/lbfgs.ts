// Directions of L-BFGS (Nocedal and Wright 2006, Numerical Optimization, algorithm 7.4), and sums of vectors in doubles.

/** How many steps the curvature is remembered for. */
const MEMORY = 10;

/** A step, and how it changed the gradient. */
export interface Step {
  readonly moved: Float64Array;
  readonly turned: Float64Array;
  readonly inverse: number;
}

export function remember(history: Step[], moved: Float64Array, turned: Float64Array): void {
  const along = dot(moved, turned);
  if (!(along > 0)) return;
  history.push({ moved, turned, inverse: 1 / along });
  if (history.length > MEMORY) history.shift();
}

/** −H g, with the curvature that the last steps showed. */
export function directionOf(gradient: Float64Array, history: readonly Step[]): Float64Array {
  const direction = scaled(gradient, -1);
  const shares = history.toReversed().map(({ moved, turned, inverse }) => {
    const share = inverse * dot(moved, direction);
    addScaled(direction, -share, turned);
    return share;
  });
  const last = history.at(-1);
  const scale =
    last === undefined ? 1 / Math.sqrt(dot(gradient, gradient)) : 1 / (last.inverse * dot(last.turned, last.turned));
  for (let at = 0; at < direction.length; at++) (direction[at] as number) *= scale;
  for (const [at, { moved, turned, inverse }] of history.entries()) {
    const share = shares[history.length - 1 - at] as number;
    addScaled(direction, share - inverse * dot(turned, direction), moved);
  }
  return direction;
}

/** In four independent sums, which the processor overlaps. */
export function dot(a: Float64Array, b: Float64Array): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < a.length; i += 4) {
    first += (a[i] as number) * (b[i] as number);
    second += (a[i + 1] as number) * (b[i + 1] as number);
    third += (a[i + 2] as number) * (b[i + 2] as number);
    fourth += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (; i < a.length; i++) first += (a[i] as number) * (b[i] as number);
  return first + second + third + fourth;
}

export function addScaled(to: Float64Array, scale: number, values: Float64Array): void {
  for (let i = 0; i < to.length; i++) (to[i] as number) += scale * (values[i] as number);
}

export function scaled(values: Float64Array, scale: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = scale * (values[i] as number);
  return out;
}

export function difference(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = (a[i] as number) - (b[i] as number);
  return out;
}
