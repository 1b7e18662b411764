import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { fitShape } from './inputs.ts';
import type { ModelRole, ModelValue } from './model.ts';

const HINT = 'Resize and reorder the data, or describe how with loadTeacher(…, { input: { size, channels, layout } }).';

/**
 * All inputs that a model needs, as it takes them.
 * Throws    unknown-input · shape-mismatch
 */
export function fitInputs(given: NamedArrays, inputs: readonly ModelValue[], what: ModelRole): NamedArrays {
  const fitted: Record<string, NdArray> = Object.create(null);
  for (const value of inputs) {
    const array = Object.hasOwn(given, value.name) ? given[value.name] : undefined;
    if (array === undefined) {
      throw new LimbeckError('unknown-input', `The ${what} reads the input "${value.name}"; nothing gives it.`, {
        details: { needed: value.name, given: Object.keys(given) },
      });
    }
    fitted[value.name] = fitShape(array, value, what, what === 'teacher' ? HINT : '');
  }
  return fitted;
}
