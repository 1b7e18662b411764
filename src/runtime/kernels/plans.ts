import type { NamedArrays, NdArray, NumericArray } from '../../core/shape.ts';
import { isTagged, ofThisRealm } from '../../core/tags.ts';
import * as tf from '../tf.ts';
import { isOutOfMemory } from './allocation.ts';
import type { InstalledKernels } from './install.ts';
import type { Plan } from './plan.ts';
import { type ThreadChoice, threadChoice } from './threadChoice.ts';

/** A recorded computation for one set of input shapes: one call repeats all its calls of compiled code. */
interface Recorded {
  readonly kernels: InstalledKernels;
  readonly plan: Plan;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly addresses: readonly number[];
  /** Whether all threads are faster, where there are several. */
  readonly threads: ThreadChoice | undefined;
}

/** Recorded computations by input shapes. */
export interface Plans {
  /**
   * The outputs for these inputs, from the plan for their shapes or computed directly and recorded if possible. A plan runs on one
   * thread or on all, whichever its runs show to be faster; the bits are the same.
   */
  run(kernels: InstalledKernels, inputs: NamedArrays): NdArray[];
  /** Milliseconds of each call of compiled code of the last plan that ran. */
  time(): ReturnType<Plan['time']> | undefined;
  dispose(): void;
}

export interface PlansOptions {
  /** Computes the outputs, which are the caller's, and leaves nothing else. */
  readonly compute: (inputs: Readonly<Record<string, tf.Tensor>>) => tf.Tensor[];
  /** Tensors that may move, such as a model's weights: a plan is good for as long as they stay at their addresses. */
  readonly weights?: readonly tf.Tensor[];
  /** Whether the weights are there: if not, the first run makes them, and cannot be recorded. @default false */
  readonly hasWeights?: boolean;
  /** So often a shape is computed directly before it is recorded. @default 0 */
  readonly recordAfter?: number;
  readonly mostPlans?: number;
  readonly mostBytes?: number;
}

/** A plan keeps the memory of its intermediate results. */
const MOST_PLANS = 8;
const MOST_BYTES = 256 * 2 ** 20;
/** Scratch memory that grows spoils a recording, but not the next. */
const MOST_TRIES = 3;
/** Shapes that are remembered without a plan. */
const MOST_SEEN = 256;

export function makePlans(options: PlansOptions): Plans {
  const {
    compute,
    weights = [],
    hasWeights = false,
    recordAfter = 0,
    mostPlans = MOST_PLANS,
    mostBytes = MOST_BYTES,
  } = options;
  // In the order of their last use.
  const recorded = new Map<string, Recorded>();
  const tries = new Map<string, number>();
  const seen = new Map<string, number>();
  let isFirst = !hasWeights;
  let last: Recorded | undefined;

  function drop(key: string): void {
    const one = recorded.get(key);
    if (one === undefined) return;
    recorded.delete(key);
    tf.dispose([...Object.values(one.inputs), ...one.outputs]);
    one.plan.dispose();
    if (last === one) last = undefined;
  }

  const dropAll = () => {
    for (const key of [...recorded.keys()]) drop(key);
  };

  function makeRoom(): void {
    for (const key of [...recorded.keys()]) {
      const bytes = [...recorded.values()].reduce((sum, { plan }) => sum + plan.bytes, 0);
      if (recorded.size <= mostPlans && (bytes <= mostBytes || recorded.size === 1)) return;
      drop(key);
    }
  }

  /** Without a plan. The first run of all makes the weights, which no plan may make again. */
  function once(inputs: NamedArrays): NdArray[] {
    const tensors = tensorsOf(inputs);
    try {
      const outputs = compute(tensors);
      const results = outputs.map((tensor) => toArray(tensor, tensor.dataSync() as NumericArray));
      tf.dispose(outputs);
      return results;
    } finally {
      tf.dispose(Object.values(tensors));
    }
  }

  function record(kernels: InstalledKernels, key: string, inputs: NamedArrays): NdArray[] {
    const tensors = tensorsOf(inputs);
    let outputs: readonly tf.Tensor[] = [];
    let isKept = false;
    try {
      const { result, plan } = kernels.record(() => compute(tensors));
      outputs = result;
      if (plan === undefined) tries.set(key, (tries.get(key) ?? 0) + 1);
      else {
        isKept = true;
        const threads = kernels.threads > 1 ? threadChoice() : undefined;
        const addresses = weights.map(kernels.addressOf);
        recorded.set(key, { kernels, plan, inputs: tensors, outputs, addresses, threads });
      }
      return outputs.map((tensor) => toArray(tensor, copyFrom(kernels, tensor)));
    } finally {
      if (!isKept) tf.dispose([...Object.values(tensors), ...outputs]);
    }
  }

  const isValid = ({ kernels, plan, addresses }: Recorded, on: InstalledKernels) =>
    kernels === on && plan.isValid() && weights.every((weight, i) => kernels.addressOf(weight) === addresses[i]);

  /** Whether a shape comes often enough to be worth a recording. */
  function isNew(key: string): boolean {
    const times = seen.get(key) ?? 0;
    if (seen.size >= MOST_SEEN) seen.clear();
    seen.set(key, times + 1);
    return times < recordAfter;
  }

  return {
    run(kernels, inputs) {
      const key = keyOf(inputs);
      const found = recorded.get(key);
      if (found !== undefined && isValid(found, kernels)) {
        recorded.delete(key);
        recorded.set(key, found);
        last = found;
        return replay(found, inputs);
      }
      drop(key);
      try {
        if (isFirst || isNew(key) || (tries.get(key) ?? 0) >= MOST_TRIES) {
          const results = once(inputs);
          isFirst = false;
          return results;
        }
        const results = record(kernels, key, inputs);
        makeRoom();
        return results;
      } catch (error) {
        if (!isOutOfMemory(error) || recorded.size === 0) throw error;
        // What other shapes keep may be all that is missing.
        dropAll();
        tries.set(key, MOST_TRIES);
        return once(inputs);
      }
    },
    time: () => last?.plan.time(),
    dispose: dropAll,
  };
}

function replay({ kernels, plan, inputs, outputs, threads }: Recorded, given: NamedArrays): NdArray[] {
  for (const [name, tensor] of Object.entries(inputs)) {
    const { data } = toTyped(given[name] as NdArray);
    // More would be written over what lies behind it.
    if (data.length !== tensor.size) throw new RangeError(`"${name}" has ${data.length} values, not ${tensor.size}`);
    kernels.bytes().set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), kernels.addressOf(tensor));
  }
  const startedAt = performance.now();
  if (threads?.next() === 'one') kernels.alone(() => plan.run());
  else plan.run();
  threads?.record(performance.now() - startedAt);
  return outputs.map((tensor) => toArray(tensor, copyFrom(kernels, tensor)));
}

function copyFrom(kernels: InstalledKernels, tensor: tf.Tensor): NumericArray {
  const { buffer } = kernels.bytes();
  const at = kernels.addressOf(tensor);
  if (tensor.dtype === 'float32') return new Float32Array(buffer, at, tensor.size).slice();
  if (tensor.dtype === 'int32') return new Int32Array(buffer, at, tensor.size).slice();
  return new Uint8Array(buffer, at, tensor.size).slice();
}

function toArray({ shape }: tf.Tensor, data: NumericArray): NdArray {
  return { data, shape: [...shape] };
}

/** The heap holds floats and whole numbers of 32 bits. */
function toTyped({ data, shape }: NdArray): NdArray {
  return isTagged(data, 'Uint8Array') ? { data: Int32Array.from(data), shape } : { data: ofThisRealm(data), shape };
}

function tensorsOf(inputs: NamedArrays): Record<string, tf.Tensor> {
  return tf.tidy(() =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, array]) => {
        const { data, shape } = toTyped(array);
        return [name, tf.tensor(data, [...shape], isTagged(data, 'Int32Array') ? 'int32' : 'float32')];
      }),
    ),
  );
}

function keyOf(inputs: NamedArrays): string {
  return Object.entries(inputs)
    .map(([name, { data, shape }]) => `${name} ${isTagged(data, 'Float32Array') ? 'float' : 'int'} ${shape.join('×')}`)
    .join('; ');
}
