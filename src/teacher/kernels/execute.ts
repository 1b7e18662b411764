import { LimbeckError, messageOf } from '../../core/errors.ts';
import { sizeOf } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import { type Inferred, MOST_VALUES, tensor } from '../../onnx/shapes/tensor.ts';
import { isOutOfMemory } from '../../runtime/kernels/allocation.ts';
import * as tf from '../../runtime/tf.ts';
import { type Operator, type StepCall, unsupported } from './call.ts';
import type { Known } from './knownValues.ts';
import { inPlain, type LayoutValue, plainValue, shapeOf } from './layoutValue.ts';
import { operatorOf } from './operators.ts';
import type { Program, Step, Stored } from './steps.ts';

/** Tensors that a program keeps between its runs: weights in the kernels' layout. */
export type KeptTensors = Map<string, tf.Tensor>;

/**
 * Runs a program once. The caller owns the outputs, which are in the model's order of axes. Everything else is freed at its
 * last use, except what goes into `kept`.
 * Throws    unsupported-operator · out-of-memory · what tfjs throws for shapes that do not fit
 */
export function execute(
  program: Program,
  known: Known,
  kept: KeptTensors,
  inputs: Readonly<Record<string, tf.Tensor>>,
): tf.Tensor[] {
  const lastUse = lastUses(program);
  const values = new Map<string, LayoutValue>();
  const valueNamed = (name: string): LayoutValue => values.get(name) ?? storedValue(program, known, kept, name);
  return tf.tidy(() => {
    for (const [name, tensor] of Object.entries(inputs)) values.set(name, plainValue(tensor));
    program.steps.forEach((step, at) => {
      if (step.node.output.every((name) => name === '' || known.has(name))) return;
      const call = callOf(program, step, known, kept, valueNamed);
      const operator = operatorOf(step.op);
      if (operator === undefined) throw noOperator([step]);
      const results = runOperator(operator, call);
      const borrowed = step.node.input.flatMap((name) => values.get(name)?.tensor ?? kept.get(name) ?? []);
      step.node.output.forEach((name, i) => {
        const result = results[i];
        if (name !== '' && result !== undefined) values.set(name, own(result, borrowed));
      });
      for (const name of lastUse[at] ?? []) {
        if (!(name in inputs)) values.get(name)?.tensor.dispose();
        values.delete(name);
      }
    });
    // Clones, because an output may be an input or a weight, and the caller frees it.
    return program.outputs.map((name) => inPlain(valueNamed(name)).clone());
  });
}

/** An unexpected failure names the operator too. */
function runOperator(operator: Operator, call: StepCall): LayoutValue[] {
  try {
    return [tf.tidy(() => operator(call) as never)].flat() as LayoutValue[];
  } catch (error) {
    if (error instanceof LimbeckError || isOutOfMemory(error)) throw error;
    throw unsupported(call, messageOf(error));
  }
}

/** Clones a result that is an input, which is freed separately. */
function own({ tensor, order }: LayoutValue, borrowed: readonly tf.Tensor[]): LayoutValue {
  return { tensor: borrowed.includes(tensor) ? tensor.clone() : tensor, order };
}

/** The operators of a program that the kernels do not have, as an error. */
export function missingOperators(program: Program): LimbeckError | undefined {
  const missing = program.steps.filter(({ op }) => operatorOf(op) === undefined);
  return missing.length === 0 ? undefined : noOperator(missing);
}

function noOperator(steps: readonly Step[]): LimbeckError {
  const names = [...new Set(steps.map(({ op }) => op))];
  return new LimbeckError('unsupported-operator', `The kernels have no ${names.join(', ')}.`, {
    details: { operators: names },
  });
}

/** The values that no later step reads, at each step. */
function lastUses({ steps, outputs }: Program): string[][] {
  const last = new Map<string, number>();
  steps.forEach(({ node }, at) => {
    for (const name of [...node.output, ...node.input]) last.set(name, at);
  });
  const names: string[][] = steps.map(() => []);
  for (const [name, at] of last) if (!outputs.includes(name)) names[at]?.push(name);
  return names;
}

function callOf(
  program: Program,
  step: Step,
  known: Known,
  kept: KeptTensors,
  valueNamed: (name: string) => LayoutValue,
): StepCall {
  const nameAt = (index: number) => step.node.input[index] ?? '';
  const stored = (name: string): Stored | undefined => known.get(name) ?? program.constants.get(name);
  const inferred = (name: string): Inferred => {
    const found = stored(name);
    if (found === undefined) return tensor(null, shapeOf(valueNamed(name)));
    const isFew = found.data.length <= MOST_VALUES;
    return tensor(found.dtype, found.shape, isFew ? Array.from(found.data) : undefined);
  };
  return {
    step,
    opset: program.opset,
    get onnx() {
      const inputs = step.node.input.map((name) => (name === '' ? undefined : inferred(name)));
      return { node: step.node, inputs, opset: program.opset };
    },
    has: (index) => nameAt(index) !== '',
    value: (index) => valueNamed(nameAt(index)),
    stored: (index) => program.constants.get(nameAt(index)),
    numbers: (index) => {
      const found = stored(nameAt(index));
      return found === undefined ? undefined : Array.from(found.data);
    },
    shape: (index) => [...(stored(nameAt(index))?.shape ?? shapeOf(valueNamed(nameAt(index))))],
    kept: (name, make) => keep(kept, `${step.node.output[0]} ${name}`, make),
  };
}

function keep(kept: KeptTensors, key: string, make: () => tf.Tensor): tf.Tensor {
  const before = kept.get(key);
  if (before !== undefined) return before;
  const made = tf.keep(tf.tidy(make));
  kept.set(key, made);
  return made;
}

/** A constant of the model, which is kept, or a value that is known from shapes. */
function storedValue(program: Program, known: Known, kept: KeptTensors, name: string): LayoutValue {
  const constant = program.constants.get(name);
  if (constant !== undefined) return plainValue(keep(kept, name, () => tensorFrom(constant)));
  const follows = known.get(name);
  if (follows !== undefined) return plainValue(tensorFrom(follows));
  throw new LimbeckError('unsupported-operator', `The kernels have no value for "${name}".`, { details: { name } });
}

function tensorFrom({ dtype, shape, data }: Stored): tf.Tensor {
  const isFloat = dtype.startsWith('float') || dtype === 'double';
  if (data.length !== sizeOf(shape)) throw new LimbeckError('internal', `${data.length} values for [${shape}].`);
  if (dtype === 'bool') return tf.tensor(Uint8Array.from(data), [...shape], 'bool');
  if (isFloat) return tf.tensor(isTagged(data, 'Float32Array') ? data : Float32Array.from(data), [...shape], 'float32');
  return tf.tensor(Int32Array.from(data), [...shape], 'int32');
}
