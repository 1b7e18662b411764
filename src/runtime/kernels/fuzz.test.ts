import { afterEach, describe, expect, test, vi } from 'vitest';
import { isLong } from '../../../scripts/isLong.mjs';
import { seededRandom } from '../../core/random.ts';
import { sizeOf } from '../../core/shape.ts';
import * as tf from '../tf.ts';
import * as kernels from './all.ts';
import { type PlainCall, type PlainTensor, plainCall, spoilt, tensorsOf } from './cases/badCases.ts';
import { beginOnWasm, levels, readBinaries, SEED } from './cases/binaryCases.ts';
import { guardHeap, MARK } from './cases/guardCases.ts';
import { checkKernels } from './cases/kernelCases.ts';
import { installKernels, uninstallKernels } from './install.ts';
import type { Kernel } from './kernel.ts';

const list = Object.values(kernels).flat() as Kernel[];
const binaryOf = readBinaries();
beginOnWasm();

/** `OptimizerStep` has no inputs; its own test is below. */
const names = list.map(({ kernelName }) => kernelName).filter((name) => name !== 'OptimizerStep');
const CALLS = Number(process.env['FUZZ_CALLS'] ?? (isLong ? 150 : 24));
/** Nothing hangs; how long a call takes beyond that is no matter of this test. */
const LONGEST_MS = 20_000;
const NEGATIVE = 2 ** 31;

const putBack: (() => void)[] = [];
afterEach(() => {
  for (const undo of putBack.splice(0)) undo();
});

describe.each(levels)('calls that no kernel should get, to the %s binary', (level) => {
  test('give a result or an error, and touch nothing but their own', async () => {
    const good = await goodCalls(binaryOf(level));
    for (const name of names) leaveToNobody(name);
    const guards = guardHeap();
    await installKernels(binaryOf(level));
    const seed = SEED + levels.indexOf(level);
    // Scratch memory finds its place: it counts as a block.
    tf.tidy(() => void tf.conv2d(tf.ones<tf.Rank.R4>([1, 5, 5, 2]), tf.ones<tf.Rank.R4>([3, 3, 2, 2]), 1, 'same'));
    const failures: string[] = [];
    const answered: Record<string, number> = {};
    for (const name of names) {
      const templates = good.get(name) ?? [];
      expect(templates.length, name).toBeGreaterThan(0);
      const random = seededRandom(seed);
      for (let i = 0; i < CALLS; i++) {
        const template = templates[Math.floor(random() * templates.length)] as PlainCall;
        const caseSeed = Math.floor(random() * 2 ** 31);
        const call = spoilt(template, caseSeed);
        const brokenBefore = guards.broken.length;
        const { failure, isAnswered } = callOnce(name, call, caseSeed, guards.live);
        if (isAnswered) answered[name] = (answered[name] ?? 0) + 1;
        const broken = guards.broken.slice(brokenBefore);
        for (const what of [...broken, ...(failure === undefined ? [] : [failure])]) {
          failures.push(`${name}: ${what}; ${JSON.stringify(call)}`);
        }
      }
    }
    uninstallKernels();
    expect(failures.slice(0, 40)).toEqual([]);
    expect(guards.broken).toEqual([]);
    expect(guards.live()).toBe(0);
    // Enough of them are good enough to be computed.
    expect(Object.values(answered).reduce((sum, count) => sum + count, 0)).toBeGreaterThan((CALLS * names.length) / 10);
  }, 120_000);
});

/** Sizes and dtypes of the tensors of a parameter, one of which is bad. */
const BAD_PARAMETERS: readonly (readonly [string, Partial<Record<'variable' | 'gradient' | 'slot', PlainTensor>>])[] = [
  ['a gradient of another size', { gradient: { shape: [4], dtype: 'float32' } }],
  ['a gradient of integers', { gradient: { shape: [5], dtype: 'int32' } }],
  ['a slot of another size', { slot: { shape: [2], dtype: 'float32' } }],
  ['a slot of another dtype', { slot: { shape: [5], dtype: 'bool' } }],
  ['no value', { variable: { shape: [0], dtype: 'float32' } }],
  ['integers', { variable: { shape: [5], dtype: 'int32' } }],
];

describe('a step of an optimizer that no kernel should get', () => {
  test.each(BAD_PARAMETERS)('%s is not answered, and nothing changes', async (_what, bad) => {
    const guards = guardHeap();
    await installKernels(binaryOf('simd'));
    const make = (kind: keyof typeof bad) => {
      const { shape, dtype } = bad[kind] ?? ({ shape: [5], dtype: 'float32' } as const);
      return tf.tidy(() => tf.variable(tf.ones([...shape], dtype as 'float32')));
    };
    for (const rule of ['sgd', 'momentum', 'nesterov', 'adam', 'adamw', 'lamb', 'lion']) {
      for (const count of [0, 1, 2]) {
        const [variable, gradient] = [make('variable'), make('gradient')];
        const slots = Array.from({ length: count }, () => make('slot'));
        const before = [variable, ...slots].map((tensor) => [...tensor.dataSync()]);
        const numbers = { step: 1, learningRate: 0.1, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0 };
        const attrs = { rule, parameters: [{ variable, gradient, slots, isDecayed: true }], numbers };
        const { kernelFunc } = tf.getKernel('OptimizerStep', 'wasm');
        const call = () =>
          kernelFunc({ inputs: {}, attrs: attrs as unknown as tf.NamedAttrMap, backend: tf.backend() });
        // Too few slots, or too many, are bad too; a step without slots has no bad slot.
        if (!('slot' in bad && count === 0 && rule === 'sgd'))
          expect(call, `${rule}, ${count} slots`).toThrow(/not supp/);
        else call();
        if (rule !== 'sgd') expect([variable, ...slots].map((tensor) => [...tensor.dataSync()])).toEqual(before);
        tf.dispose([variable, gradient, ...slots]);
      }
    }
    uninstallKernels();
    expect(guards.broken).toEqual([]);
    expect(guards.live()).toBe(0);
  });
});

/** What the random cases call, as plain values, by kernel. */
async function goodCalls(bytes: Uint8Array): Promise<Map<string, PlainCall[]>> {
  const spies = list.map(({ kernelName }, i) => [kernelName, vi.spyOn(list[i] as Kernel, 'run')] as const);
  await installKernels(bytes);
  await checkKernels({ casesPerKernel: 30, seed: SEED });
  uninstallKernels();
  const calls = new Map<string, PlainCall[]>();
  for (const [kernelName, { mock }] of spies) {
    if (kernelName === 'OptimizerStep') continue;
    calls.set(
      kernelName,
      mock.calls.slice(0, 400).map(([, inputs, attrs]) => plainCall(inputs, attrs)),
    );
  }
  vi.restoreAllMocks();
  await tf.setBackend('wasm');
  return calls;
}

/** What limbeck does not answer is an error until the end of the test: tfjs's own kernels are not what is tested. */
function leaveToNobody(kernelName: string): void {
  const original = tf.getKernel(kernelName, 'wasm');
  if (!original) return;
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    ...original,
    kernelFunc() {
      throw new Error('left to tfjs');
    },
  });
  putBack.push(() => {
    tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel(original);
  });
}

function callOnce(name: string, call: PlainCall, seed: number, live: () => number) {
  const blocksBefore = live();
  const inputs = tensorsOf(call, seed);
  if (inputs === undefined) return { isAnswered: false };
  const { kernelFunc } = tf.getKernel(name, 'wasm');
  const backend = tf.backend() as tf.BackendWasm;
  const start = performance.now();
  let failure: string | undefined;
  let isAnswered = false;
  try {
    const attrs = structuredClone(call.attrs) as unknown as tf.NamedAttrMap;
    const results = [kernelFunc({ inputs, attrs, backend })].flat();
    isAnswered = true;
    if (results.some((result) => holdsMark(backend, result))) failure = 'a result holds what lies beside a tensor';
    for (const { dataId } of results) backend.disposeData(dataId);
  } catch (error) {
    if (!(error instanceof Error) || isFault(error)) failure = String((error as Error).stack);
  }
  const ms = performance.now() - start;
  if (ms > LONGEST_MS) failure ??= `took ${ms} ms`;
  tf.dispose(inputs);
  if (live() !== blocksBefore) failure ??= `left ${live() - blocksBefore} blocks`;
  return { failure, isAnswered };
}

/** A trap, or an array over what lies beyond the heap; not an array of JavaScript's that cannot be made. */
function isFault(error: Error): boolean {
  if (error instanceof WebAssembly.RuntimeError) return true;
  return (
    error instanceof RangeError && !/tfjs-backend-cpu|BackendWasm\.move|Invalid array length/.test(error.stack ?? '')
  );
}

function holdsMark(backend: tf.BackendWasm, { dataId, shape, dtype }: tf.TensorInfo): boolean {
  if (dtype === 'bool' || sizeOf(shape) === 0) return false;
  const values = backend.typedArrayFromHeap({ dataId, shape, dtype });
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return words.some((word) => word === MARK || word === MARK + NEGATIVE);
}
