import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkFinite } from '../../core/options.ts';
import type { InspectOptions, OnnxTensorDescription } from '../describe/description.ts';
import type { OnnxGraph } from '../model.ts';
import { elementsOf, type Inferred, type Shape, tensor } from '../shapes/tensor.ts';
import { declaredTensor } from '../shapes/walk.ts';

/** A model's inputs under the lengths that the caller gives. */
export interface BoundInputs {
  readonly inputs: readonly (Inferred & { readonly name: string })[];
  /** All free lengths that are fixed now. */
  readonly dimensions: ReadonlyMap<string, number>;
  /** All that the model leaves open. */
  readonly freeDimensions: readonly string[];
}

/**
 * Fixes the free lengths of a model's inputs.
 * Throws    invalid-option: a dimension that no input has · unknown-input: a shape for something else · shape-mismatch:
 *           another rank, another fixed length, or two numbers for one free length
 */
export function bindInputs(graph: OnnxGraph, options: InspectOptions): BoundInputs {
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const declared = graph.input
    .filter(({ name }) => !weights.has(name))
    .map((value) => ({ name: value.name, ...declaredTensor(value, new Map()) }));
  const free = declared.flatMap(({ shape }) => shape ?? []).filter((one) => typeof one === 'string');
  const freeDimensions = [...new Set(free)];
  const dimensions = new Map<string, number>();
  for (const [name, size] of Object.entries(options.dimensions ?? {})) {
    if (!freeDimensions.includes(name)) throw unknownDimension(name, freeDimensions);
    dimensions.set(name, checkCount(size, `dimensions["${name}"]`, 0));
  }
  for (const [name, shape] of Object.entries(options.inputShapes ?? {})) {
    const found = declared.find((one) => one.name === name);
    if (found === undefined) throw unknownInput('inputShapes', name, declared);
    for (const [i, size] of shape.entries()) checkCount(size, `inputShapes["${name}"][${i}]`, 0);
    bindShape(found, shape, dimensions);
  }
  for (const [name, value] of Object.entries(options.inputValues ?? {})) {
    if (!declared.some((one) => one.name === name)) throw unknownInput('inputValues', name, declared);
    checkFinite(value, `inputValues["${name}"]`);
  }
  const inputs = declared.map(({ name, dtype, shape: open }) => {
    const bound = open?.map((one) => (typeof one === 'string' ? (dimensions.get(one) ?? one) : one)) ?? null;
    const shape = options.inputShapes?.[name] ?? bound;
    return { name, ...tensor(dtype, shape, valuesOf(name, shape, options)) };
  });
  return { inputs, dimensions, freeDimensions };
}

/** The element of an input whose value is given. Throws    shape-mismatch: it has more than one */
function valuesOf(
  name: string,
  shape: Shape | null,
  { inputValues = {} }: InspectOptions,
): readonly number[] | undefined {
  const value = Object.hasOwn(inputValues, name) ? inputValues[name] : undefined;
  if (value === undefined || (shape !== null && elementsOf(shape) === 1))
    return value === undefined ? undefined : [value];
  const given = shape?.join(', ') ?? '?';
  throw new LimbeckError(
    'shape-mismatch',
    `inputValues gives one number for the input "${name}", which is [${given}]. Values are for inputs of one element.`,
    { details: { input: name, shape } },
  );
}

function bindShape({ name, shape }: OnnxTensorDescription, given: readonly number[], bound: Map<string, number>): void {
  if (shape === null) return;
  if (shape.length !== given.length) throw mismatch(name, shape, given, `it has ${shape.length} axes`);
  for (const [i, one] of shape.entries()) {
    const [size = 0, known] = [given[i], typeof one === 'string' ? bound.get(one) : one];
    const said = typeof one === 'string' ? `"${one}" is ${known} already` : `axis ${i} is ${known}`;
    if (typeof known === 'number' && known !== size) throw mismatch(name, shape, given, said);
    if (typeof one === 'string') bound.set(one, size);
  }
}

function mismatch(name: string, shape: OnnxTensorDescription['shape'], given: readonly number[], why: string) {
  const needed = shape?.map((one) => one ?? '?').join(', ');
  return new LimbeckError(
    'shape-mismatch',
    `inputShapes gives [${given.join(', ')}] for the input "${name}", which is [${needed}]: ${why}. Give a shape that fits.`,
    { details: { input: name, shape, given } },
  );
}

function unknownInput(option: string, name: string, known: readonly OnnxTensorDescription[]): LimbeckError {
  const names = known.map((one) => one.name);
  return new LimbeckError(
    'unknown-input',
    `${option} names "${name}", which the model does not take. Its inputs are: ${names.join(', ')}.`,
    { details: { input: name, known: names } },
  );
}

function unknownDimension(name: string, known: readonly string[]): LimbeckError {
  const hint = known.length === 0 ? 'it has no free dimensions' : `its free dimensions are: ${known.join(', ')}`;
  return new LimbeckError(
    'invalid-option',
    `dimensions names "${name}", which no input of the model has; ${hint}. inputShapes gives whole shapes.`,
    { details: { dimension: name, known } },
  );
}
