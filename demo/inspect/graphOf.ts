import type { OnnxDescription, OnnxNodeDescription, OnnxTensorDescription } from 'limbeck';
import { shapeText } from './facts.ts';

export interface GraphNode {
  readonly kind: 'input' | 'output' | 'operator';
  /** The operator, or the name of an input or output. */
  readonly title: string;
  /** What it gives, in short. */
  readonly about: string;
  /** The name of the node in the file; '' where it has none. */
  readonly name: string;
  /** The branch or body that it lies in; '' for the model itself. Only those of the model itself are drawn. */
  readonly within: string;
  readonly outputs: readonly OnnxTensorDescription[];
  /** Names of what it reads; '' stands for one that is left out. */
  readonly inputs: readonly string[];
  readonly multiplyAdds?: number;
}

export interface GraphEdge {
  /** Positions among the nodes. */
  readonly from: number;
  readonly to: number;
  readonly value: string;
}

/** A model as boxes and lines: inputs, then nodes in the file's order, then outputs. */
export interface ModelGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** Constants and weights are no boxes: what reads them lists them. */
export function graphOf({ inputs, outputs, nodes }: OnnxDescription): ModelGraph {
  const boxes: GraphNode[] = [
    ...inputs.map((one) => portOf('input', one)),
    ...nodes.filter((one) => !isConstant(one)).map(operatorOf),
    ...outputs.map((one) => portOf('output', one)),
  ];
  const makers = new Map<string, number>();
  boxes.forEach((box, i) => {
    if (box.within === '' && box.kind !== 'output') for (const { name } of box.outputs) makers.set(name, i);
  });
  return { nodes: boxes, edges: edgesOf(boxes, makers) };
}

/** What a node in a branch reads from around it, the node that holds the branch reads. */
function edgesOf(boxes: readonly GraphNode[], makers: ReadonlyMap<string, number>): GraphEdge[] {
  const edges: GraphEdge[] = [];
  const known = new Set<string>();
  let holder = 0;
  boxes.forEach(({ within, inputs }, i) => {
    if (within === '') holder = i;
    for (const value of inputs) {
      const from = makers.get(value);
      const key = `${from} ${holder} ${value}`;
      if (from === undefined || from === holder || known.has(key)) continue;
      known.add(key);
      edges.push({ from, to: holder, value });
    }
  });
  return edges;
}

/** What the model stores under a name: weights, and the constants of nodes. */
export function storedIn({ weights, nodes }: OnnxDescription): ReadonlyMap<string, OnnxTensorDescription> {
  const constants = nodes.filter(isConstant).flatMap(({ outputs }) => outputs);
  return new Map([...weights, ...constants].map((one) => [one.name, one]));
}

function portOf(kind: 'input' | 'output', tensor: OnnxTensorDescription): GraphNode {
  const inputs = kind === 'output' ? [tensor.name] : [];
  return {
    kind,
    title: tensor.name,
    about: aboutOf([tensor]),
    name: tensor.name,
    within: '',
    outputs: [tensor],
    inputs,
  };
}

function operatorOf(node: OnnxNodeDescription): GraphNode {
  const { name, operator, domain, within, outputs, inputs, multiplyAdds } = node;
  const title = domain === '' ? operator : `${domain}:${operator}`;
  const given = outputs.filter((one) => one.name !== '');
  return { kind: 'operator', title, about: aboutOf(given), name, within, outputs: given, inputs, multiplyAdds };
}

function aboutOf([first, ...others]: readonly OnnxTensorDescription[]): string {
  if (first === undefined) return '';
  const shape = first.shape?.map((length) => (typeof length === 'string' ? shortened(length) : length)) ?? null;
  return `${shapeText(shape)}${others.length > 0 ? ` and ${others.length} more` : ''}`;
}

/** Names of free lengths may be long, and differ at their ends. */
function shortened(name: string): string {
  return name.length > 8 ? `…${name.slice(-5)}` : name;
}

function isConstant({ operator, domain }: OnnxNodeDescription): boolean {
  return operator === 'Constant' && domain === '';
}
