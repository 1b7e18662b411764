import { LimbeckError } from '../../core/errors.ts';
import { toHalves } from '../../core/halves.ts';
import { describeModel } from '../../onnx/describe/describe.ts';
import { copyOf, type OnnxModel, type OnnxNode, type OnnxValue, onnx } from '../../onnx/model.ts';
import { graphsOf } from '../../onnx/references.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { intAttribute, isOperator, rewriteNodes } from '../../onnx/simplify/nodes.ts';
import { whyNotHalves } from './halves.ts';
import { isExcluded, labelOf, type NodeLog } from './report.ts';
import { weightOf } from './weights.ts';

export interface Float16GraphOptions {
  readonly exclude: readonly string[];
  /** Inputs and outputs stay float32. */
  readonly keepInputs: boolean;
}

const [FLOAT, HALF] = [1, 10];
const NONE = new Float32Array(0);

/** Operators that take no halves, or that need more precision. They get Casts around them. */
const STAYING = [
  ...['Resize', 'Upsample', 'NonMaxSuppression', 'RoiAlign', 'Range', 'CumSum', 'ConstantOfShape', 'EyeLike'],
  ...['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Multinomial', 'Bernoulli'],
  ...['DFT', 'STFT', 'MelWeightMatrix', 'HannWindow', 'HammingWindow', 'BlackmanWindow'],
];

/**
 * Computes in halves: weights and all values between nodes. A node that cannot compute in halves gets Casts around it.
 * Throws    unsupported-operator: branches, or an operator whose output type is unknown
 */
export function toFloat16Graph(
  model: OnnxModel,
  draft: Draft,
  { exclude, keepInputs }: Float16GraphOptions,
  log: NodeLog,
): void {
  const floats = floatsOf(model);
  const { graph } = model;
  const halves = new Map<string, string>();
  const fulls = new Map<string, string>();
  const entry: OnnxNode[] = [];

  for (const input of graph.input) {
    if (!floats.has(input.name)) continue;
    if (!keepInputs) setType(input, HALF);
    else {
      halves.set(input.name, draft.fresh(`${input.name}_h`));
      entry.push(cast(input.name, halves.get(input.name) as string, HALF));
      fulls.set(input.name, input.name);
    }
  }
  // The output of a Constant stays as it is, like a stored value.
  const made = new Set([...draft.nodes()].flatMap((node) => (isOperator(node, 'Constant') ? [] : node.output)));
  for (const output of graph.output) {
    if (!floats.has(output.name) || !made.has(output.name)) continue;
    if (keepInputs) halves.set(output.name, draft.fresh(`${output.name}_h`));
    else setType(output, HALF);
  }

  const toHalf = (name: string): string => {
    const known = halves.get(name);
    if (known !== undefined) return known;
    const weight = floats.has(name) ? weightOf(draft, name) : undefined;
    if (weight === undefined) return name;
    const half = draft.addConstant(`${name}_h`, { dtype: 'float16', shape: weight.shape, data: toHalves(weight.data) });
    halves.set(name, half);
    return half;
  };
  const toFull = (name: string): { nodes: OnnxNode[]; name: string } => {
    const isPlain = !floats.has(name) || weightOf(draft, name) !== undefined;
    const known = isPlain ? name : fulls.get(name);
    if (known !== undefined) return { nodes: [], name: known };
    const fresh = draft.fresh(`${name}_f`);
    fulls.set(name, fresh);
    return { nodes: [cast(halves.get(name) ?? name, fresh, FLOAT)], name: fresh };
  };

  const whyStays = (node: OnnxNode): string | undefined => {
    if (isExcluded(node, exclude)) return 'it is excluded';
    if (isOperator(node, ...STAYING) || node.domain !== '') return 'it takes no halves';
    return node.input.map((name) => whyNotHalves(weightOf(draft, name)?.data ?? NONE)).find((why) => why !== undefined);
  };

  rewriteNodes(draft, (given) => {
    if (isOperator(given, 'Constant')) return undefined;
    const node = copyOf(given);
    const why = whyStays(node);
    const stays = why !== undefined;
    const isFloat = [...node.input, ...node.output].some((name) => floats.has(name));
    if (isFloat) log.note(node, stays ? 'left' : 'computed', why);
    const [before, after]: [OnnxNode[], OnnxNode[]] = [[], []];
    if (stays) {
      node.input = node.input.map((name) => {
        const full = toFull(name);
        before.push(...full.nodes);
        return full.name;
      });
    } else {
      node.input = node.input.map(toHalf);
      if (isOperator(node, 'Cast')) {
        node.attribute = node.attribute.map((one) =>
          one.name === 'to' && one.i === BigInt(FLOAT) ? intAttribute('to', HALF) : one,
        );
      }
    }
    node.output = node.output.map((name) => {
      if (!floats.has(name)) return name;
      const half = halves.get(name) ?? name;
      const isOutput = keepInputs && draft.isResult(name);
      if (!stays) {
        if (isOutput) {
          fulls.set(name, name);
          after.push(cast(half, name, FLOAT));
        }
        return half;
      }
      const full = isOutput ? name : draft.fresh(`${name}_x`);
      fulls.set(name, full);
      after.push(cast(full, half, HALF));
      return full;
    });
    return [...before, node, ...after];
  });
  draft.prepend(...entry);
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !floats.has(name));
}

function cast(from: string, to: string, type: number): OnnxNode {
  return onnx.node({ opType: 'Cast', input: [from], output: [to], attribute: [intAttribute('to', type)] });
}

function setType(value: OnnxValue, type: number): void {
  if (value.type?.tensorType !== undefined) value.type.tensorType.elemType = type;
}

/** Names of the float32 tensors of a model. */
function floatsOf(model: OnnxModel): Set<string> {
  const { graph } = model;
  const branching = graph.node.find((node) => graphsOf(node).length > 0);
  if (branching !== undefined) throw unsupported(branching, 'it holds graphs of its own');
  const floats = new Set<string>();
  for (const { name, dataType } of graph.initializer) if (dataType === FLOAT) floats.add(name);
  for (const { name, type } of graph.input) if (type?.tensorType?.elemType === FLOAT) floats.add(name);
  const { nodes } = describeModel(model, 0);
  graph.node.forEach((node, i) => {
    nodes[i]?.outputs.forEach(({ name, dtype }) => {
      if (name !== '' && dtype === null) throw unsupported(node, 'it is not known of which type its outputs are');
      if (dtype === 'float32') floats.add(name);
    });
  });
  return floats;
}

function unsupported(node: OnnxNode, why: string): LimbeckError {
  return new LimbeckError(
    'unsupported-operator',
    `The node "${labelOf(node)}" (${node.opType}) cannot be brought to halves: ${why}. Take float16: 'weights', which ` +
      'changes no node.',
    { details: { node: labelOf(node), operator: node.opType } },
  );
}
