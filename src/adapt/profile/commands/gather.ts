import { stackRows } from '../../../core/rows.ts';
import { formatShape, isSameShape, type NamedArrays, type NdArray } from '../../../core/shape.ts';
import type { Keeps, KeptExamples } from '../profile.ts';
import type { JournalExample } from '../storage/journal.ts';

/**
 * Single examples as arrays of all. Labels that the base does not have become new classes, in the order in which they
 * first came. Examples that do not fit the first one are left out, with a notice.
 * Shapes    each [1, ...] → [N, ...]
 */
export function gather(
  examples: readonly JournalExample[],
  baseLabels: readonly string[],
  keeps: Keeps,
  onNotice: (sentence: string) => void,
): { readonly kept: KeptExamples; readonly keys: readonly string[] } {
  const [first] = examples;
  const fitting = examples.filter((example) => {
    const misfit = first === undefined ? undefined : misfitOf(example.arrays, first.arrays);
    if (misfit === undefined) return true;
    onNotice(`The example "${example.id}" does not fit beside the others and is not learned from: ${misfit}.`);
    return false;
  });
  const classes = [...new Set([...baseLabels, ...fitting.map(({ label }) => label)])];
  const names = Object.keys(first?.arrays ?? {});
  const inputs = names.map((name) => [name, stackRows(fitting.map(({ arrays }) => arrays[name] as NdArray))]);
  return {
    kept: {
      keeps,
      inputs: Object.fromEntries(inputs) as NamedArrays,
      labels: Int32Array.from(fitting, ({ label }) => classes.indexOf(label)),
      classes,
      ids: fitting.map(({ id }) => id),
    },
    keys: fitting.map(({ key }) => key),
  };
}

/** An input of free length takes examples of different lengths, which one array cannot hold. */
function misfitOf(arrays: NamedArrays, others: NamedArrays): string | undefined {
  for (const [name, { shape }] of Object.entries(others)) {
    const given = arrays[name]?.shape;
    if (given === undefined) return `it has no "${name}"`;
    if (!isSameShape(given, shape)) return `its "${name}" is ${formatShape(given)}, not ${formatShape(shape)}`;
  }
  return undefined;
}
