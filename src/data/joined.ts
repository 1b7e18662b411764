import { LimbeckError } from '../core/errors.ts';
import { dtypeOf, makeArray, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import { type Dataset, describeInputs } from './dataset.ts';
import { holdDecoded } from './decoded.ts';
import { givesFresh } from './fresh.ts';

/**
 * The examples of one dataset and, after them, those of another; nothing is copied. Labels are left out.
 * Throws    shape-mismatch: inputs of other names, shapes or types
 *
 * @example
 * const all = joined(withoutLabels(labelled), data);
 */
export function joined(first: Dataset, second: Dataset): Dataset {
  const [given, needed] = [describeInputs(second), describeInputs(first)];
  if (given !== needed) {
    throw new LimbeckError('shape-mismatch', `The inputs of the two datasets differ: ${needed} and ${given}.`, {
      details: { given, needed },
    });
  }
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const isFirst = (index: number) => index < first.size;
    const [a, b] = await Promise.all([
      first.read(indices.filter(isFirst), signal),
      second.read(
        indices.filter((index) => !isFirst(index)).map((index) => index - first.size),
        signal,
      ),
    ]);
    return { inputs: interleaved(a.inputs, b.inputs, Array.from(indices, isFirst)) };
  };
  return {
    ...{ size: first.size + second.size, inputs: first.inputs, hasLabels: false, read: givesFresh(read) },
    holdDecoded: () => holdDecoded(first, second),
  };
}

/** The rows of both in turn, as the flags say. */
function interleaved(a: NamedArrays, b: NamedArrays, isFirst: readonly boolean[]): NamedArrays {
  const take = (one: NdArray, other: NdArray): NdArray => {
    const row = one.shape.slice(1);
    const length = sizeOf(row);
    const data = makeArray(dtypeOf(one.data), isFirst.length * length);
    const at = [0, 0];
    isFirst.forEach((first, i) => {
      const side = first ? 0 : 1;
      const from = (at[side] as number) * length;
      at[side] = (at[side] as number) + 1;
      data.set((first ? one : other).data.subarray(from, from + length), i * length);
    });
    return { data, shape: [isFirst.length, ...row] };
  };
  return Object.fromEntries(Object.entries(a).map(([name, array]) => [name, take(array, b[name] as NdArray)]));
}
