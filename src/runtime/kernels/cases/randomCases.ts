// How random cases of a kernel are computed on two backends and compared.
import fc from 'fast-check';
import { seededRandom } from '../../../core/random.ts';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';

/** What became of one kernel. A failing case is shrunk to the smallest that still fails, so there is at most one. */
export interface KernelCheck {
  readonly kernelName: string;
  readonly cases: number;
  readonly failures: readonly { readonly caseText: string; readonly message: string }[];
}

/** The cases of one kernel. */
export interface KernelCases {
  readonly kernelName: string;
  check(cases: number, seed: number): Promise<KernelCheck>;
}

interface KernelCase<Attrs> {
  readonly attrs: Attrs;
  readonly fill: Fill;
  readonly seed: number;
}

/** `whole` and `notPositive` values make ties, windows without a positive value, and sums without any rounding. */
type Fill = 'whole' | 'notPositive' | 'fraction';

const fills: Record<Fill, (random: number) => number> = {
  whole: (random) => Math.floor(random * 9) - 4,
  notPositive: (random) => Math.floor(random * 5) - 4,
  fraction: (random) => random * 2 - 1,
};

/** No kernel has more than eight inputs; a plan for two leaves the others alone. */
type Eight<T> = readonly [T, T, T, T, T, T, T, T];
export type Inputs = Eight<tf.Tensor>;

interface Plan<Attrs> {
  readonly kernelName: string;
  readonly attrs: fc.Arbitrary<Attrs>;
  inputShapes(attrs: Attrs): readonly (readonly number[])[];
  /** How many products, or values, one result sums. */
  depth(attrs: Attrs): number;
  run(attrs: Attrs, inputs: Inputs): tf.Tensor;
  /** The same result by operations that the cpu backend has, where it lacks the kernel's own. */
  reference?(attrs: Attrs, inputs: Inputs): tf.Tensor;
  /** Whether tfjs answers by another formula than its cpu backend's, so that whole values differ too. */
  isFallback?(attrs: Attrs): boolean;
}

export function casesOf<Attrs>(plan: Plan<Attrs>): KernelCases {
  const { kernelName, attrs, inputShapes, depth, run, reference = run, isFallback = () => false } = plan;
  const arbitrary = fc.record<KernelCase<Attrs>>({
    attrs,
    fill: fc.constantFrom<Fill>('whole', 'notPositive', 'fraction'),
    seed: fc.nat(),
  });
  const inputsOf = (value: KernelCase<Attrs>): Inputs => {
    const random = seededRandom(value.seed);
    const fill = fills[value.fill];
    const tensors = inputShapes(value.attrs).map((shape) => {
      const values = new Float32Array(sizeOf(shape));
      for (let i = 0; i < values.length; i++) values[i] = fill(random());
      return tf.tensor(values, [...shape]);
    });
    return tensors as unknown as Inputs;
  };
  const expectedOf = (value: KernelCase<Attrs>) => resultOf(() => reference(value.attrs, inputsOf(value)));
  const actualOf = (value: KernelCase<Attrs>) => resultOf(() => run(value.attrs, inputsOf(value)));
  const compareOf = (value: KernelCase<Attrs>, actual: Result, expected: Result) => {
    const isExact = value.fill !== 'fraction' && !isFallback(value.attrs);
    compare(actual, expected, isExact ? 0 : toleranceOf(depth(value.attrs)));
  };
  /** What the cpu backend gave, which is slower than all else here, for who checks the same cases of another binary. */
  const known = new Map<string, Result>();
  return {
    kernelName,
    async check(cases, seed) {
      const values = fc.sample(arbitrary, { numRuns: cases, seed });
      const keys = values.map((value) => JSON.stringify(value));
      // To change the backend costs more than a small case, so all are computed on one, then on the other.
      await tf.setBackend('cpu');
      keys.forEach((key, i) => {
        if (!known.has(key)) known.set(key, expectedOf(values[i] as KernelCase<Attrs>));
      });
      await tf.setBackend('wasm');
      for (const [i, value] of values.entries()) {
        try {
          compareOf(value, actualOf(value), known.get(keys[i] as string) as Result);
        } catch (error) {
          return { kernelName, cases, failures: [await smallestFailure(value, error, { cases, seed })] };
        }
      }
      return { kernelName, cases: values.length, failures: [] };
    },
  };

  async function smallestFailure(
    value: KernelCase<Attrs>,
    error: unknown,
    { cases, seed }: { readonly cases: number; readonly seed: number },
  ) {
    const property = fc.asyncProperty(arbitrary, async (tried) => {
      await tf.setBackend('cpu');
      const expected = expectedOf(tried);
      await tf.setBackend('wasm');
      compareOf(tried, actualOf(tried), expected);
    });
    const { counterexample, errorInstance } = await fc.check(property, { numRuns: cases, seed });
    // One that fails only after the others did is told as it was.
    const [smallest, why] = counterexample === null ? [value, error] : [counterexample[0], errorInstance];
    return { caseText: JSON.stringify(smallest), message: String(why) };
  }
}

interface Result {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

function resultOf(compute: () => tf.Tensor): Result {
  let result: Result = { shape: [], values: [] };
  tf.tidy(() => {
    const tensor = compute();
    result = { shape: tensor.shape, values: tensor.dataSync() };
  });
  return result;
}

/**
 * Whole values are small enough for every product and sum to be exact in float32 (16 · depth < 2²⁴), so whatever the
 * order of a sum, both backends must give the very same number: no index error can hide in a tolerance.
 *
 * Fractions lie in [-1, 1]: their products have a mean square of 1/9, so a partial sum is about √depth / 3 large, each
 * of `depth` additions rounds it by at most 2⁻²⁴ of that, and roundings of either sign add up as √depth more: an error
 * of some 2⁻²⁴ · depth / 3. Six times that covers the tails of millions of results (largest seen in 20,000 cases: half
 * of it), and the constant covers a bias and the other formula of an activation.
 */
function toleranceOf(depth: number): number {
  return 2 ** -23 * (depth + 8);
}

function compare(actual: Result, expected: Result, tolerance: number): void {
  if (actual.shape.join() !== expected.shape.join()) {
    throw new Error(`shape [${actual.shape}] instead of [${expected.shape}]`);
  }
  for (let i = 0; i < expected.values.length; i++) {
    const [got, wanted] = [actual.values[i] as number, expected.values[i] as number];
    // Written so that a NaN fails.
    if (!(Math.abs(got - wanted) <= tolerance)) {
      throw new Error(`value ${i} of [${actual.shape}] is ${got} instead of ${wanted} (tolerance ${tolerance})`);
    }
  }
}
