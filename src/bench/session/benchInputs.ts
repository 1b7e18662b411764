import { LimbeckError } from '../../core/errors.ts';
import { derivedSeed, type Random, seededRandom } from '../../core/random.ts';
import { formatShape, type NamedArrays, type NdArray, sizeOf } from '../../core/shape.ts';
import type { ModelValue } from '../../model/model.ts';
import type { BenchTask } from './task.ts';

/** How many examples, which of several sets of them, and what the model does not say of its inputs. */
export interface InputChoice extends Pick<BenchTask, 'batch' | 'seed' | 'shapes' | 'tokens'> {
  readonly which: number;
}

/** Indices that every table of tokens, types or masks has. */
const FEWEST_TOKENS = 2;

/**
 * Numbers for all inputs of a model: floats in [-1, 1), tokens for inputs of whole numbers. An example's numbers do not depend
 * on how many others are in the batch.
 * Throws    shape-mismatch: a length that the model leaves open, and no shape was given for · unknown-input: a shape for an
 *           input that there is not
 */
export function benchInputs(inputs: readonly ModelValue[], choice: InputChoice): NamedArrays {
  const names = inputs.map(({ name }) => name);
  const stranger = Object.keys(choice.shapes ?? {}).find((name) => !names.includes(name));
  if (stranger !== undefined) {
    throw new LimbeckError('unknown-input', `"inputs" names "${stranger}"; the model reads ${names.join(', ')}.`, {
      details: { needed: names, given: stranger },
    });
  }
  return Object.fromEntries(inputs.map((input, i) => [input.name, arrayFor(input, i, choice)]));
}

function arrayFor(input: ModelValue, at: number, choice: InputChoice): NdArray {
  const { batch, seed, which, shapes = {}, tokens = {} } = choice;
  const { name, type, shape, isAnyShape = false } = input;
  // By its place: the forms of a model may name it differently.
  const random = seededRandom(derivedSeed(seed, `bench/input ${at}/${which}`));
  const given = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  // A single number has no batch.
  const lengths = shape.length === 0 && !isAnyShape ? [] : [batch, ...(given ?? exampleShape(input))];
  return fill(lengths, type, Object.hasOwn(tokens, name) ? tokens[name] : undefined, random);
}

function exampleShape({ name, shape, isAnyShape }: ModelValue): number[] {
  const example = shape.slice(1);
  if (isAnyShape || example.includes(null)) {
    const declared = isAnyShape ? 'any shape' : formatShape(shape);
    throw new LimbeckError(
      'shape-mismatch',
      `The input "${name}" takes ${declared}, so a benchmark cannot know how large an example is. Give the shape of one, ` +
        `without the batch: inputs: { '${name}': [224, 224, 3] }.`,
      { details: { name, declared: shape } },
    );
  }
  return example as number[];
}

function fill(shape: readonly number[], type: string, tokens: number | undefined, random: Random): NdArray {
  const length = sizeOf(shape);
  if (tokens === undefined && type.startsWith('float')) {
    return { data: Float32Array.from({ length }, () => 2 * random() - 1), shape };
  }
  const below = tokens ?? FEWEST_TOKENS;
  const data = Int32Array.from({ length }, () => Math.floor(random() * below));
  return { data, shape };
}
