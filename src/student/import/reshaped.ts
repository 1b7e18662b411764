import type { OnnxLength } from '../../onnx/describe/description.ts';
import type { Shape } from '../../onnx/shapes/tensor.ts';

/**
 * The shape that a Reshape gives. A model saved for a fixed batch has a number in place of the batch; such a target keeps the
 * batch if the other lengths fit without it. Null if the shape is unknown.
 */
export function reshapedTo(from: Shape | null, target: readonly OnnxLength[] | undefined, batch: string): Shape | null {
  if (from === null || target === undefined) return null;
  const copied = target.map((one, i) => (one === 0 ? (from[i] ?? null) : one));
  const at = copied.indexOf(-1);
  if (from[0] === batch && !copied.includes(batch)) {
    const kept = [batch, ...copied.slice(1)];
    const rest = product(from.slice(1));
    // With −1 or a number in place of the batch.
    if (at === 0 && rest !== null && rest === product(copied.slice(1))) return kept;
    if (at !== 0 && typeof copied[0] === 'number') {
      const found = at < 0 ? kept : filled(from.slice(1), kept.slice(1), at - 1)?.toSpliced(0, 0, batch);
      if (found !== undefined && found !== null && (at >= 0 || rest === product(copied.slice(1)))) return found;
    }
  }
  return at < 0 ? copied : (filled(from, copied, at) ?? copied.map((one) => (one === -1 ? null : one)));
}

/** The length for −1, after cancelling lengths that both sides have; undefined if it is not a number. */
function filled(from: Shape, to: Shape, at: number): OnnxLength[] | undefined {
  const left = [...from];
  const right = to.filter((_, i) => i !== at);
  for (const name of right.filter((one) => typeof one !== 'number')) {
    const place = name === null ? -1 : left.indexOf(name);
    if (place < 0) return undefined;
    left.splice(place, 1);
  }
  const names = left.filter((one) => typeof one !== 'number');
  const ratio =
    (product(left.filter((one) => typeof one === 'number')) ?? 0) /
    (product(right.filter((one) => typeof one === 'number')) ?? 1);
  if (!Number.isInteger(ratio)) return undefined;
  const value = names.length === 0 ? ratio : names.length === 1 && ratio === 1 ? (names[0] as OnnxLength) : null;
  return to.map((one, i) => (i === at ? value : one));
}

function product(lengths: Shape): number | null {
  return lengths.reduce<number | null>((all, one) => (all === null || typeof one !== 'number' ? null : all * one), 1);
}
