import { LimbeckError } from '../../core/errors.ts';
import { requireName } from '../../core/inputs.ts';
import { formatShape, isSameShape } from '../../core/shape.ts';
import type { PortableStudent } from '../student.ts';
import { inputShapesOf } from './inputShapesOf.ts';

/** Inputs in the student's order, with their shapes without the batch; a free length is null. */
export type NeededInputs = readonly (readonly [name: string, shape: readonly (number | null)[]])[];

/** What a student takes, if that is known without building it. */
export function declaredInputs(portable: PortableStudent): NeededInputs | undefined {
  if (portable.kind === 'derived') return declaredInputs(portable.from);
  if (portable.kind === 'artifacts') {
    try {
      return Object.entries(inputShapesOf(portable.artifacts));
    } catch {
      // Building such a student reports what is wrong with it.
      return undefined;
    }
  }
  const { inputShape, length } = portable.kind === 'design' ? portable.options : {};
  if (Array.isArray(inputShape)) return [['input', inputShape]];
  return typeof length === 'number' ? [['input', [length]]] : undefined;
}

/**
 * The names of the data's inputs in the order of the student's. A single array goes to a single input, whatever their
 * names.
 * Throws    unknown-input: an input that the data does not have · shape-mismatch: one of another shape
 */
export function matchInputs(
  needed: NeededInputs,
  given: Readonly<Record<string, { readonly shape: readonly number[] }>>,
): string[] {
  const names = needed.map(([name]) => name);
  return needed.map(([name, shape]) => {
    const found = requireName(name, given, names, 'student');
    const { shape: offered } = given[found] as { shape: readonly number[] };
    if (!isSameShape(offered, shape)) {
      throw new LimbeckError(
        'shape-mismatch',
        `The student's input "${name}" takes examples of ${formatShape(shape)}; those of the data are ${formatShape(offered)}.`,
        { details: { name, needed: shape, given: offered } },
      );
    }
    return found;
  });
}
