// Random cases for every kernel, held against tfjs's cpu backend. It runs in Node and in a browser's worker alike, so
// it knows no test runner: the caller installs kernels, calls `checkKernels` and judges what comes back.
import fc from 'fast-check';
import { seededRandom } from '../../core/random.ts';
import * as tf from '../tf.ts';

export interface CheckKernelsOptions {
  /** Random cases a kernel. */
  readonly casesPerKernel: number;
  /** The same seed gives the same cases on every engine. */
  readonly seed: number;
  /** Called as soon as a kernel is done. */
  readonly report?: (check: KernelCheck) => void;
  readonly kernels?: readonly KernelCases[];
}

/** What became of one kernel. A failing case is shrunk to the smallest that still fails, so there is at most one. */
export interface KernelCheck {
  readonly kernelName: string;
  readonly cases: number;
  readonly failures: readonly { readonly caseText: string; readonly message: string }[];
}

/**
 * Computes random cases on the backends 'cpu' and 'wasm' and compares; all tensors are freed and the backend that was
 * current is so again afterwards. Kernels are installed, and the backends are registered, by the caller.
 */
export async function checkKernels({
  casesPerKernel,
  seed,
  report = () => {},
  kernels = kernelCases,
}: CheckKernelsOptions): Promise<KernelCheck[]> {
  const backendBefore = tf.getBackend();
  const checks: KernelCheck[] = [];
  for (const kernel of kernels) {
    const check = await kernel.check(casesPerKernel, seed);
    checks.push(check);
    report(check);
  }
  await tf.setBackend(backendBefore);
  return checks;
}

/** The cases of one kernel; `run` makes the inputs of a case, and the result, on the current backend. */
export interface KernelCases<Attrs = unknown> {
  readonly kernelName: string;
  readonly attrs: fc.Arbitrary<Attrs>;
  readonly arbitrary: fc.Arbitrary<KernelCase<Attrs>>;
  run(caseValue: KernelCase<Attrs>): tf.Tensor;
  check(cases: number, seed: number): Promise<KernelCheck>;
}

export interface KernelCase<Attrs> {
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

/** No kernel has more than three inputs; a plan for two leaves the third alone. */
type Inputs = readonly [tf.Tensor, tf.Tensor, tf.Tensor];

interface Plan<Attrs> {
  readonly kernelName: string;
  readonly attrs: fc.Arbitrary<Attrs>;
  inputShapes(attrs: Attrs): readonly number[][];
  /** How many products, or values, one result sums. */
  depth(attrs: Attrs): number;
  run(attrs: Attrs, inputs: Inputs): tf.Tensor;
  /** The same result by operations that the cpu backend has, where it lacks the kernel's own. */
  reference?(attrs: Attrs, inputs: Inputs): tf.Tensor;
  /** Whether tfjs answers by another formula than its cpu backend's, so that whole values differ too. */
  isFallback?(attrs: Attrs): boolean;
}

function casesOf<Attrs>(plan: Plan<Attrs>): KernelCases<Attrs> {
  const { kernelName, attrs, inputShapes, depth, run, reference = run, isFallback = () => false } = plan;
  const arbitrary = fc.record<KernelCase<Attrs>>({
    attrs,
    fill: fc.constantFrom<Fill>('whole', 'notPositive', 'fraction'),
    seed: fc.nat(),
  });
  const inputsOf = (value: KernelCase<Attrs>): Inputs => {
    const random = seededRandom(value.seed);
    const tensors = inputShapes(value.attrs).map((shape) => {
      const values = Float32Array.from({ length: sizeOf(shape) }, () => fills[value.fill](random()));
      return tf.tensor(values, shape);
    });
    return tensors as unknown as Inputs;
  };
  return {
    kernelName,
    attrs,
    arbitrary,
    run: (value) => run(value.attrs, inputsOf(value)),
    async check(cases, seed) {
      const property = fc.asyncProperty(arbitrary, async (value) => {
        const expected = await resultOn('cpu', () => reference(value.attrs, inputsOf(value)));
        const actual = await resultOn('wasm', () => run(value.attrs, inputsOf(value)));
        const isExact = value.fill !== 'fraction' && !isFallback(value.attrs);
        compare(actual, expected, isExact ? 0 : toleranceOf(depth(value.attrs)));
      });
      const { failed, counterexample, errorInstance, numRuns } = await fc.check(property, { numRuns: cases, seed });
      const failures = failed
        ? [{ caseText: JSON.stringify(counterexample?.[0]), message: String(errorInstance) }]
        : [];
      return { kernelName, cases: numRuns, failures };
    },
  };
}

interface Result {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

async function resultOn(backendName: string, compute: () => tf.Tensor): Promise<Result> {
  await tf.setBackend(backendName);
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

// Attributes. A budget of multiply-adds keeps the cpu backend's plain loops short.

const MATRIX_BUDGET = 1_000_000;
const WINDOW_BUDGET = 250_000;

/** Lengths around the register tile (6 × 8) and the blocks (96, 256, 512) of the matrix product. */
const edgeLength = fc.constantFrom(1, 2, 5, 6, 7, 8, 9, 15, 16, 17, 95, 96, 97, 255, 256, 257, 511, 512, 513);
const length = fc.oneof(
  { weight: 3, arbitrary: edgeLength },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 64 }) },
);

type Activation = 'linear' | 'relu' | 'relu6' | 'sigmoid' | 'elu';

/** Activations that the kernels leave to tfjs. */
function isFallback({ activation }: { readonly activation: Activation }): boolean {
  return activation === 'sigmoid' || activation === 'elu';
}

interface ProductAttrs {
  readonly batches: readonly [readonly number[], readonly number[]];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const productFields = {
  batches: fc.constantFrom<ProductAttrs['batches']>(
    [[], []],
    [[1], [1]],
    [[3], [3]],
    [[1], [4]],
    [[4], [1]],
    [
      [2, 3],
      [2, 3],
    ],
    [
      [2, 2],
      [1, 1],
    ],
  ),
  m: length,
  n: length,
  k: length,
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
};

function isAffordable({ batches: [a, b], m, n, k }: ProductAttrs): boolean {
  return Math.max(sizeOf(a), sizeOf(b)) * m * n * k <= MATRIX_BUDGET;
}

function productShapes({ batches: [a, b], m, n, k, transposeA, transposeB }: ProductAttrs): number[][] {
  return [
    [...a, ...(transposeA ? [k, m] : [m, k])],
    [...b, ...(transposeB ? [n, k] : [k, n])],
  ];
}

type Pair = [number, number];
type Padding = 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
type Rounding = 'floor' | 'round' | 'ceil';

/** A window that slides over images: what a convolution and a pooling share. */
interface WindowAttrs {
  readonly images: number;
  readonly size: Pair;
  readonly channels: number;
  readonly window: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  readonly rounding?: Rounding;
}

interface ConvAttrs extends WindowAttrs {
  readonly outChannels: number;
  readonly dilations: Pair;
}

const side = fc.integer({ min: 1, max: 3 });
const border = fc.nat({ max: 5 });
const imageSide = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 13 }) }, fc.constantFrom(48, 49, 97));
const channelCount = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17) },
  fc.constantFrom(31, 95, 96, 97, 257),
);

const windowFields = {
  images: fc.integer({ min: 1, max: 3 }),
  size: fc.tuple(imageSide, imageSide),
  channels: channelCount,
  window: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 })),
  strides: fc.tuple(side, side),
  padding: fc.oneof(
    fc.constantFrom<Padding>('valid', 'same'),
    fc.nat({ max: 3 }),
    fc.tuple(border, border, border, border).map(
      ([top, bottom, left, right]): Padding => [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ],
    ),
  ),
};
const rounding = fc.constantFrom<Rounding | undefined>(undefined, undefined, 'floor', 'round', 'ceil');

/** tfjs takes a rounding mode for padding in numbers only. */
function withRounding<Attrs extends WindowAttrs>(attrs: fc.Arbitrary<Attrs>): fc.Arbitrary<Attrs> {
  return fc
    .tuple(attrs, rounding)
    .map(([value, mode]) => (typeof value.padding === 'string' || !mode ? value : { ...value, rounding: mode }));
}

const convFields = {
  ...windowFields,
  outChannels: channelCount,
  /** tfjs allows strides or dilations, not both; a third of the convolutions is dilated. */
  spread: fc.oneof(
    { weight: 2, arbitrary: windowFields.strides.map((strides) => ({ strides, dilations: [1, 1] as Pair })) },
    fc.tuple(side, side).map((dilations) => ({ strides: [1, 1] as Pair, dilations })),
  ),
};

/** So many pixels that the sum of a filter gradient is cut into chunks (of 2048). */
const vastFields = {
  ...convFields,
  size: fc.constantFrom<Pair>([48, 49], [64, 33], [97, 97]),
  channels: side,
  outChannels: fc.integer({ min: 1, max: 9 }),
};

const convAttrs: fc.Arbitrary<ConvAttrs> = withRounding(
  fc
    .oneof({ weight: 7, arbitrary: fc.record(convFields) }, fc.record(vastFields))
    .map(({ spread, ...attrs }) => ({ ...attrs, ...spread })),
).filter(isAffordableWindow);

function convInfo({ images, size, channels, window, strides, padding, rounding, ...rest }: WindowAttrs | ConvAttrs) {
  const { outChannels = channels, dilations = [1, 1] as Pair } = rest as Partial<ConvAttrs>;
  const filter: [number, number, number, number] = [...window, channels, outChannels];
  return tf.backend_util.computeConv2DInfo([images, ...size, channels], filter, strides, dilations, padding, rounding);
}

function isAffordableWindow(attrs: WindowAttrs | ConvAttrs): boolean {
  const info = convInfo(attrs);
  // The size of a filter with its holes, which the reference of a dilated gradient fills with zeros.
  const taps = info.effectiveFilterHeight * info.effectiveFilterWidth;
  const products = sizeOf(info.outShape) * taps * ('outChannels' in attrs ? attrs.channels : 1);
  return info.outHeight > 0 && info.outWidth > 0 && products <= WINDOW_BUDGET;
}

/** Shapes of input, filter and output. */
function convShapes(attrs: ConvAttrs): [number[], number[], number[]] {
  const { inShape, filterShape, outShape } = convInfo(attrs);
  return [inShape, filterShape, outShape];
}

function convolution(x: tf.Tensor, filter: tf.Tensor, { strides, padding, dilations, rounding }: ConvAttrs): tf.Tensor {
  return tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, padding, 'NHWC', dilations, rounding);
}

function transposedConvolution(dy: tf.Tensor, filter: tf.Tensor, attrs: ConvAttrs): tf.Tensor {
  const { inShape } = convInfo(attrs);
  const { strides, padding, rounding } = attrs;
  return tf.conv2dTranspose(dy as tf.Tensor4D, filter as tf.Tensor4D, inShape, strides, padding, rounding);
}

function filterGradient(attrs: GradientAttrs, [x, filter, dy]: Inputs): tf.Tensor {
  return attrs.isTransposed
    ? tf.grad((f) => transposedConvolution(dy, f, attrs))(filter, x)
    : tf.grad((f) => convolution(x, f, attrs))(filter, dy);
}

function inputGradient(attrs: GradientAttrs, [x, filter, dy]: Inputs): tf.Tensor {
  return attrs.isTransposed
    ? transposedConvolution(dy, filter, attrs)
    : tf.grad((image) => convolution(image, filter, attrs))(x, dy);
}

/**
 * The filter of the undilated convolution that computes the same: zeros between the taps. tfjs's cpu backend has
 * gradients of undilated convolutions only.
 */
function zeroStuffed(filter: tf.Tensor, [stepH, stepW]: Pair): tf.Tensor {
  const [height, width, channels, outChannels] = filter.shape as [number, number, number, number];
  const apart = tf.reshape(filter, [height, 1, width, 1, channels * outChannels]);
  const none: Pair = [0, 0];
  const padded = tf.pad(apart, [none, [0, stepH - 1], none, [0, stepW - 1], none]);
  const whole = tf.reshape(padded, [height * stepH, width * stepW, channels, outChannels]);
  return tf.slice(whole, [0, 0, 0, 0], [(height - 1) * stepH + 1, (width - 1) * stepW + 1, channels, outChannels]);
}

function undilated<Attrs extends ConvAttrs>(attrs: Attrs): Attrs {
  return { ...attrs, dilations: [1, 1] };
}

interface GradientAttrs extends ConvAttrs {
  /** Whether the kernel is reached through the transposed convolution, which tfjs has without dilation only. */
  readonly isTransposed: boolean;
}

const gradientAttrs: fc.Arbitrary<GradientAttrs> = fc
  .tuple(convAttrs, fc.boolean())
  .map(([attrs, isTransposed]) => ({ ...attrs, isTransposed: isTransposed && attrs.dilations.every((d) => d === 1) }));

interface Epilogue {
  readonly hasBias: boolean;
  readonly activation: Activation;
}

const epilogueFields = {
  hasBias: fc.boolean(),
  activation: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Activation>('linear', 'relu', 'relu6') },
    fc.constantFrom<Activation>('sigmoid', 'elu'),
  ),
};

/** tfjs-wasm itself, to which other activations fall back, adds the bias at wrong places to every other product. */
const plainProduct: Pick<ProductAttrs, 'batches' | 'transposeA' | 'transposeB'> = {
  batches: [[], []],
  transposeA: false,
  transposeB: false,
};

const batchMatMulCases = casesOf<ProductAttrs>({
  kernelName: tf.BatchMatMul,
  attrs: fc.record(productFields).filter(isAffordable),
  inputShapes: productShapes,
  depth: ({ k }) => k,
  run: ({ transposeA, transposeB }, [a, b]) => tf.matMul(a, b, transposeA, transposeB),
});

const fusedMatMulCases = casesOf<ProductAttrs & Epilogue>({
  kernelName: tf._FusedMatMul,
  attrs: fc
    .record({ ...productFields, ...epilogueFields })
    .filter(isAffordable)
    .map((attrs) => (isFallback(attrs) ? { ...attrs, ...plainProduct } : attrs)),
  inputShapes: (attrs) => [...productShapes(attrs), [attrs.n]],
  depth: ({ k }) => k,
  isFallback,
  run: ({ transposeA, transposeB, hasBias, activation }, [a, b, bias]) =>
    tf.fused.matMul({ a, b, transposeA, transposeB, bias: hasBias ? bias : undefined, activation }),
});

const conv2dCases = casesOf<ConvAttrs>({
  kernelName: tf.Conv2D,
  attrs: convAttrs,
  inputShapes: convShapes,
  depth: ({ window, channels }) => sizeOf(window) * channels,
  run: (attrs, [x, filter]) => convolution(x, filter, attrs),
});

const fusedConv2dCases = casesOf<ConvAttrs & Epilogue>({
  kernelName: tf.FusedConv2D,
  // tfjs-wasm itself, to which other activations fall back, pads wrongly in numbers and where a stride skips pixels.
  attrs: fc
    .tuple(convAttrs, fc.record(epilogueFields))
    .map(([attrs, epilogue]) => ({
      ...attrs,
      ...epilogue,
      ...(isFallback(epilogue) && { padding: 'valid' as const, rounding: undefined }),
    }))
    .filter(isAffordableWindow),
  inputShapes: (attrs) => [...convShapes(attrs).slice(0, 2), [attrs.outChannels]],
  depth: ({ window, channels }) => sizeOf(window) * channels,
  isFallback,
  run: ({ strides, padding, dilations, rounding, hasBias, activation }, [x, filter, bias]) =>
    tf.fused.conv2d({
      x: x as tf.Tensor4D,
      filter: filter as tf.Tensor4D,
      strides,
      pad: padding,
      dilations,
      dimRoundingMode: rounding,
      bias: hasBias ? bias : undefined,
      activation,
    }),
});

const conv2dBackpropFilterCases = casesOf<GradientAttrs>({
  kernelName: tf.Conv2DBackpropFilter,
  attrs: gradientAttrs,
  inputShapes: convShapes,
  depth: (attrs) => sizeOf(convInfo(attrs).outShape.slice(0, 3)),
  run: filterGradient,
  reference(attrs, [x, filter, dy]) {
    const stuffed = zeroStuffed(filter, attrs.dilations);
    const gradient = filterGradient(undilated(attrs), [x, stuffed, dy]);
    return tf.stridedSlice(gradient, [0, 0, 0, 0], stuffed.shape, [...attrs.dilations, 1, 1]);
  },
});

const conv2dBackpropInputCases = casesOf<GradientAttrs>({
  kernelName: tf.Conv2DBackpropInput,
  attrs: gradientAttrs,
  inputShapes: convShapes,
  depth: ({ window, outChannels }) => sizeOf(window) * outChannels,
  run: inputGradient,
  reference: (attrs, [x, filter, dy]) => inputGradient(undilated(attrs), [x, zeroStuffed(filter, attrs.dilations), dy]),
});

const maxPoolGradCases = casesOf<WindowAttrs>({
  kernelName: tf.MaxPoolGrad,
  attrs: withRounding(fc.record(windowFields)).filter(isAffordableWindow),
  inputShapes: (attrs) => [convInfo(attrs).inShape, convInfo(attrs).outShape],
  // So many windows may share one maximum.
  depth: ({ window }) => sizeOf(window),
  run({ window, strides, padding, rounding }, [input, dy]) {
    if (typeof padding === 'string' && sizeOf(window) > 1) {
      return tf.grad((x) => tf.maxPool(x as tf.Tensor4D, window, strides, padding))(input, dy);
    }
    // By the kernel's name, because tfjs's gradient forgets the rounding mode, and its forward pooling on wasm writes
    // out of bounds for windows of 1 × 1 and some paddings. No backend reads `output`.
    const attrs = {
      filterSize: window,
      strides,
      pad: padding,
      dimRoundingMode: rounding,
    } as unknown as tf.NamedAttrMap;
    return tf.engine().runKernel(tf.MaxPoolGrad, { dy, input, output: dy }, attrs) as tf.Tensor;
  },
});

export const kernelCases: readonly KernelCases[] = [
  batchMatMulCases,
  fusedMatMulCases,
  conv2dCases,
  fusedConv2dCases,
  conv2dBackpropFilterCases,
  conv2dBackpropInputCases,
  maxPoolGradCases,
] as readonly KernelCases[];

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, count) => product * count, 1);
}
