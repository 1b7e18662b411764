import { LimbeckError } from '../../core/errors.ts';
import { isTagged } from '../../core/tags.ts';
import type { OnnxModel, OnnxNode } from '../../onnx/model.ts';
import { constantIn, dataOf, type TensorData } from '../../onnx/tensorData.ts';
import { fusePatterns } from './fusePatterns.ts';
import { fuseProducts } from './fuseProducts.ts';
import type { Draft, Program, Step, Stored } from './steps.ts';

/** Reads a simplified model as a program: constants apart, chains of nodes that one kernel computes as one step. */
export function toProgram(model: OnnxModel): Program {
  const { graph } = model;
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, stored(dataOf(tensor))] as const));
  const outputs = new Set(graph.output.map(({ name }) => name));
  const steps: Step[] = [];
  for (const node of graph.node) {
    const [first = ''] = node.output;
    const made = constantIn(node);
    if (made !== undefined) constants.set(first, stored(dataOf(made)));
    else steps.push({ op: operatorName(node), inputs: [...node.input], outputs: [...node.output], node });
  }
  const draft = draftOf(steps, constants, outputs);
  fusePatterns(draft);
  fuseProducts(draft);
  const opset = Number(model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 1n);
  const inputs = graph.input.map(({ name }) => name).filter((name) => !constants.has(name));
  return { steps: draft.steps, constants, inputs, outputs: [...outputs], opset };
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
