// Finite differences in float64, which gradients are held against. Only tests import this file.

/** A function of several lists of numbers, written plainly. */
export type PlainFunction = (inputs: readonly (readonly number[])[]) => readonly number[];

/** The gradient of Σ weights · f(inputs) with respect to one input, by central differences. */
export function finiteDifferences(
  f: PlainFunction,
  inputs: readonly (readonly number[])[],
  which: number,
  weights: readonly number[],
  step = 1e-3,
): number[] {
  const moved = (i: number, by: number): number => {
    const values = inputs.map((input) => [...input]);
    (values[which] as number[])[i] = (inputs[which]?.[i] as number) + by;
    return f(values).reduce((sum, value, j) => sum + value * (weights[j] as number), 0);
  };
  return (inputs[which] ?? []).map((_, i) => (moved(i, step) - moved(i, -step)) / (2 * step));
}
