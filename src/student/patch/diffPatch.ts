import { LimbeckError } from '../../core/errors.ts';
import { count, given, type OptionsOf, schema, text } from '../../core/schema.ts';
import { formatShape, isSameShape } from '../../core/shape.ts';
import { artifactsFrom, type StudentSource } from '../artifacts.ts';
import type { StudentArtifacts } from '../student.ts';
import { classifierOf, functionalOf, withClasses } from '../topology/classifier.ts';
import { splitWeights, type WeightBytes } from '../weightBytes.ts';
import { baseHash, canonicalTopology } from './baseHash.ts';
import { checkPatch } from './checkPatch.ts';
import type { AddedChange, Patch } from './patch.ts';
import { patchMismatch } from './patchMismatch.ts';

const OPTIONS = schema('diffPatch', {
  /** Default 'difference'. */
  name: text('difference'),
  /** Default 1. */
  version: count()(1),
  /** What made it. Default 'difference'. */
  method: text('difference'),
  /** Names of the classes, in order. */
  labels: given<readonly string[]>(),
});

/** What the patch says of itself. */
export interface DiffPatchOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * The patch that turns one student into another with the same layers, which may have more classes. Weights that are
 * equal bit for bit are left out.
 * Numerics  applying it gives a value exactly if it is between half and twice the base's, and otherwise mostly: if no
 *           float32 difference leads there, the result is as near as possible, off by less than 2⁻²² of the larger of
 *           the two. A zero may lose its sign
 * Throws    patch-mismatch: other layers, fewer classes, or weights that differ and are not float32 · student-invalid ·
 *           not-finite: a weight that is NaN, or whose change is too large for float32 · patch-invalid: labels and
 *           classes differ in number
 * @example
 * const patch = await diffPatch(student, model, { name: 'kitchen' });
 */
export async function diffPatch(
  base: StudentSource,
  changed: StudentSource,
  options: DiffPatchOptions = {},
): Promise<Patch> {
  const { name, version, method, labels } = OPTIONS.read(options);
  const [from, to] = await Promise.all([artifactsFrom(base), artifactsFrom(changed)]);
  const classes = newClasses(from, to);
  const grown = classes === undefined ? from : withClasses(from, classes, 'zeros');
  if (topologyOf(grown) !== topologyOf(to)) {
    throw patchMismatch('the two students have different layers, connections or settings');
  }
  return checkPatch({
    name,
    version,
    base: await baseHash(from),
    method,
    ...(labels !== undefined && { labels }),
    ...(classes !== undefined && { classes }),
    changes: differences(splitWeights(grown), splitWeights(to)),
  });
}

function topologyOf(artifacts: StudentArtifacts): string {
  return canonicalTopology(functionalOf(artifacts).topology);
}

/** The number of classes of the changed student, if it has more. A student without a classifier has none. */
function newClasses(from: StudentArtifacts, to: StudentArtifacts): number | undefined {
  const [before, after] = [from, to].map(classesOf);
  return before !== undefined && after !== undefined && after > before ? after : undefined;
}

function classesOf(artifacts: StudentArtifacts): number | undefined {
  try {
    return classifierOf(artifacts).classes;
  } catch {
    return undefined;
  }
}

function differences(before: readonly WeightBytes[], after: readonly WeightBytes[]): AddedChange[] {
  const byName = new Map(after.map((weight) => [weight.name, weight]));
  if (byName.size !== before.length || after.length !== before.length) {
    throw patchMismatch(`one student has ${before.length} weights, the other ${byName.size}, each of its own name`);
  }
  return before.flatMap((weight): AddedChange[] => {
    const { name, shape, dtype } = weight;
    const other = byName.get(name);
    if (other === undefined || !isSameShape(other.shape, shape) || other.dtype !== dtype) {
      const given = other === undefined ? 'is not there' : `is ${formatShape(other.shape)} ${other.dtype}`;
      throw patchMismatch(`"${name}", ${formatShape(shape)} ${dtype}, ${given} in the changed student`, {
        weight: name,
      });
    }
    if (weight.bytes.every((byte, i) => byte === other.bytes[i])) return [];
    if (dtype !== 'float32') {
      throw patchMismatch(`"${name}" differs and is ${dtype}; only float32 can be changed`, { weight: name });
    }
    return [{ kind: 'added', weight: name, shape, delta: deltaOf(name, floatsOf(weight), floatsOf(other)) }];
  });
}

function floatsOf({ bytes }: WeightBytes): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

function deltaOf(name: string, before: Float32Array, after: Float32Array): Float32Array {
  const delta = before.map((value, i) => leadingTo(after[i] as number, value));
  const at = delta.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return delta;
  throw new LimbeckError(
    'not-finite',
    `"${name}" goes from ${before[at]} to ${after[at]} at ${at}, which adding a float32 cannot give.`,
    { details: { weight: name, index: at } },
  );
}

/** The difference in float32, or one of its neighbours, whose sum with `before` comes nearest. */
function leadingTo(after: number, before: number): number {
  if (Object.is(after, before)) return 0;
  const delta = Math.fround(after - before);
  const missed = after - Math.fround(before + delta);
  if (missed === 0 || !Number.isFinite(missed)) return delta;
  const nudged = nextFloat(delta, missed > 0 ? 1 : -1);
  return Math.abs(after - Math.fround(before + nudged)) < Math.abs(missed) ? nudged : delta;
}

/** The next float32 above or below one that is not zero. */
function nextFloat(value: number, direction: 1 | -1): number {
  const float = Float32Array.of(value);
  const bits = new Int32Array(float.buffer);
  (bits[0] as number) += value > 0 ? direction : -direction;
  return float[0] as number;
}
