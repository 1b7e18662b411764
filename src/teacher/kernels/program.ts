import { LimbeckError } from '../../core/errors.ts';
import { isTagged } from '../../core/tags.ts';
import type { OnnxModel, OnnxNode } from '../../onnx/model.ts';
import { dataOf, type TensorData } from '../../onnx/tensorData.ts';
import { fusePatterns } from './fusePatterns.ts';
import { fuseProducts } from './fuseProducts.ts';
import type { Draft, Program, Step, Stored } from './steps.ts';

/** Reads a model as a program: constants apart, chains of nodes that one kernel computes as one step. */
export function toProgram(model: OnnxModel): Program {
  const { graph } = model;
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, () => stored(dataOf(tensor))] as const));
  const aliases = new Map<string, string>();
  const named = (name: string) => aliases.get(name) ?? name;
  const outputs = new Set(graph.output.map(({ name }) => name));
  const steps: Step[] = [];
  for (const node of graph.node) {
    const [first = ''] = node.output;
    if (node.opType === 'Constant') {
      const made = constantOf(node);
      if (made !== undefined) {
        constants.set(first, () => made);
        continue;
      }
    }
    const isIdle = node.opType === 'Identity' || (node.opType === 'Dropout' && (node.input[2] ?? '') === '');
    if (isIdle && !outputs.has(first) && (node.output[1] ?? '') === '') {
      aliases.set(first, named(node.input[0] as string));
      continue;
    }
    steps.push({ op: operatorName(node), inputs: node.input.map(named), outputs: [...node.output], node });
  }
  const held = new Map<string, Stored>();
  for (const [name, make] of constants) held.set(name, make());
  const draft = draftOf(steps, held, outputs);
  fusePatterns(draft);
  fuseProducts(draft);
  const opset = Number(model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 1n);
  const inputs = graph.input.map(({ name }) => name).filter((name) => !held.has(name));
  return { steps: draft.steps, constants: held, inputs, outputs: [...outputs], opset };
}

function operatorName({ domain, opType }: OnnxNode): string {
  return domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
}

/** Throws    unsupported-operator: halves, which are kept as their bits */
function stored({ dtype, shape, data }: TensorData): Stored {
  if (dtype === 'float16' || dtype === 'bfloat16') {
    throw new LimbeckError('unsupported-operator', `The kernels compute with float32; the model stores ${dtype}.`);
  }
  const isBig = isTagged(data, 'BigInt64Array') || isTagged(data, 'BigUint64Array');
  return { dtype, shape, data: isBig ? Float64Array.from(data as BigInt64Array, Number) : (data as Float32Array) };
}

function constantOf({ attribute }: OnnxNode): Stored | undefined {
  const of = (name: string) => attribute.find((one) => one.name === name);
  const value = of('value')?.t;
  if (value !== undefined) return stored(dataOf(value));
  const [float, floats, int, ints] = ['value_float', 'value_floats', 'value_int', 'value_ints'].map(of);
  if (float) return { dtype: 'float32', shape: [], data: [float.f] };
  if (floats) return { dtype: 'float32', shape: [floats.floats.length], data: floats.floats };
  if (int) return { dtype: 'int64', shape: [], data: [Number(int.i)] };
  if (ints) return { dtype: 'int64', shape: [ints.ints.length], data: ints.ints.map(Number) };
  return undefined;
}

function draftOf(steps: Step[], constants: Map<string, Stored>, outputs: ReadonlySet<string>): Draft {
  const readers = (name: string) => draft.steps.filter(({ inputs }) => inputs.includes(name));
  const draft: Draft = {
    steps,
    constants,
    outputs,
    maker: (name) => draft.steps.find((step) => step.outputs.includes(name)),
    onlyReader(name) {
      if (outputs.has(name)) return undefined;
      const found = readers(name);
      return found.length === 1 && graphless(found[0] as Step) ? found[0] : undefined;
    },
    scalar(name) {
      const found = name === undefined ? undefined : constants.get(name);
      return found?.data.length === 1 && found.dtype.startsWith('float') ? found.data[0] : undefined;
    },
    remove(step) {
      draft.steps = draft.steps.filter((one) => one !== step);
    },
  };
  return draft;
}

function graphless({ node }: Step): boolean {
  return node.attribute.every(({ g, graphs }) => g === undefined && graphs.length === 0);
}
