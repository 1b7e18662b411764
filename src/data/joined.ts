import { LimbeckError } from '../core/errors.ts';
import { putRows } from '../core/rows.ts';
import type { NdArray } from '../core/shape.ts';
import { type Dataset, describeInputs } from './dataset.ts';
import { holdDecoded } from './decoded.ts';
import { givesFresh } from './fresh.ts';

/**
 * The examples of one dataset, then those of another; nothing is copied. Labels are left out.
 * Throws    shape-mismatch: inputs with different names, shapes or types
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
    const inputs: Record<string, NdArray> = {};
    for (const [{ inputs: rows }, ofFirst] of [
      [a, true],
      [b, false],
    ] as const) {
      const places = Array.from(indices.keys()).filter((i) => isFirst(indices[i] as number) === ofFirst);
      putRows(inputs, rows, indices.length, places);
    }
    return { inputs };
  };
  return {
    ...{ size: first.size + second.size, inputs: first.inputs, hasLabels: false, read: givesFresh(read) },
    holdDecoded: () => holdDecoded(first, second),
  };
}
