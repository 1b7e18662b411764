import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode } from '../model.ts';
import { findCycle } from '../references.ts';
import { type Broken, brokenModel, nodeLabel, quoted } from './broken.ts';
import { checkFunctions, type OnnxFunction } from './checkFunctions.ts';
import { checkSparseTensor, checkTensor, type OnnxSparseTensor, type TensorCheck, tensorLabel } from './checkTensor.ts';

export interface CheckOptions {
  /** For messages. */
  readonly name: string;
  /** Paths of the external data files that come with the model. */
  readonly externalFiles?: readonly string[];
}

/** Names that a graph, or a function, makes: the node that makes each, or −1 for inputs and stored values. */
interface Scope {
  readonly parent: Scope | undefined;
  readonly depth: number;
  readonly makers: ReadonlyMap<string, number>;
  readonly label: string;
  /** The node that is being checked; what it reads must be made before it. */
  current: number;
  isSorted: boolean;
}

interface Context extends TensorCheck {
  readonly broken: Broken;
  readonly domains: ReadonlySet<string>;
}

/** protobuf reads 100 messages deep, and each graph in a graph takes three. */
const MOST_DEPTH = 31;

/**
 * Checks what onnxruntime takes for granted: that tensors hold what their shapes say, that every value is made once and
 * before it is read, that no function calls itself. Some files that fail here would stop or hang it. Nodes may stand
 * out of order, as onnxruntime sorts them itself.
 * Throws    invalid-onnx
 */
export function checkModel(model: OnnxModel, { name, externalFiles = [] }: CheckOptions): void {
  const broken = brokenModel(name);
  const files = new Set(externalFiles.map((file) => file.replace(/^\.\//, '')));
  if (model.irVersion < 1n) throw broken(`it says that it has version ${model.irVersion} of the format.`);
  const domains = importedDomains(model.opsetImport, 'the model', broken);
  if (domains.size === 0) {
    if (model.irVersion >= 3n) throw broken('it does not say which operator set it uses ("opset_import").');
    domains.add('');
  }
  const context = { broken, externalFiles: files, domains };
  checkGraph(model.graph, undefined, 'the graph', context);
  const functions = model.functions as OnnxFunction[];
  for (const fn of functions) checkFunction(fn, context);
  checkFunctions(model.graph, functions, broken);
}

function checkFunction(fn: OnnxFunction, context: Context): void {
  const label = `the function ${quoted(fn.name)}`;
  const makers = new Map<string, number>();
  for (const input of fn.input) define(makers, input, -1, label, context.broken);
  defineOutputs(makers, fn.node, label, context.broken);
  const domains = importedDomains(fn.opsetImport, label, context.broken);
  const scope = { parent: undefined, depth: 0, makers, label, current: 0, isSorted: true };
  checkNodes(fn.node, scope, { ...context, domains });
  requireMade(fn.output, scope, context.broken);
}

function checkGraph(graph: OnnxGraph, parent: Scope | undefined, label: string, context: Context): void {
  const { broken } = context;
  const depth = parent === undefined ? 0 : parent.depth + 1;
  if (depth > MOST_DEPTH) throw broken(`it has graphs in graphs more than ${MOST_DEPTH} deep.`);
  const makers = new Map<string, number>();
  for (const { name } of graph.input) define(makers, name, -1, label, broken);
  const stored = new Set<string>();
  const store = (name: string, kind: string) => {
    if (name === '') throw broken(`${label} has ${kind} without a name.`);
    if (stored.has(name)) throw broken(`${label} has two initializers ${quoted(name)}.`, { tensor: name });
    stored.add(name);
    makers.set(name, -1);
  };
  for (const tensor of graph.initializer) {
    store(tensor.name, 'an initializer');
    checkTensor(tensor, `the initializer ${quoted(tensor.name)}`, context);
  }
  for (const sparse of graph.sparseInitializer as OnnxSparseTensor[]) {
    const name = sparse.values?.name ?? '';
    store(name, 'a sparse initializer');
    checkSparseTensor(sparse, `the initializer ${quoted(name)}`, context);
  }
  defineOutputs(makers, graph.node, label, broken);
  const scope = { parent, depth, makers, label, current: 0, isSorted: true };
  checkNodes(graph.node, scope, context);
  scope.current = graph.node.length;
  requireMade(
    graph.output.map(({ name }) => name),
    scope,
    broken,
  );
}

function checkNodes(nodes: readonly OnnxNode[], scope: Scope, context: Context): void {
  const { broken, domains } = context;
  nodes.forEach((node, index) => {
    const label = () => `${nodeLabel(node, index)} of ${scope.label}`;
    if (node.opType === '') throw broken(`${label()} does not say what it computes.`, { node: index });
    const domain = node.domain === 'ai.onnx' ? '' : node.domain;
    if (!domains.has(domain)) {
      throw broken(
        `${label()} is of the operator set ${quoted(domain === '' ? 'ai.onnx' : domain)}, which it does not import.`,
        { node: index, domain },
      );
    }
    scope.current = index;
    for (const input of node.input) {
      if (input === '' || isMade(input, scope)) continue;
      throw broken(`${label()} reads ${quoted(input)}, which nothing makes.`, { node: index, tensor: input });
    }
    for (const attribute of node.attribute) checkAttribute(attribute, label, scope, context);
  });
  if (scope.isSorted) return;
  const cycle = findCycle(nodes);
  if (cycle !== undefined) {
    const node = nodes[cycle] as OnnxNode;
    throw broken(`${nodeLabel(node, cycle)} of ${scope.label} waits for its own result.`, { node: cycle });
  }
}

function checkAttribute(attribute: OnnxAttribute, nodeText: () => string, scope: Scope, context: Context): void {
  const { name, t, tensors, g, graphs } = attribute;
  if (name === '') throw context.broken(`${nodeText()} has an attribute without a name.`);
  const { sparseTensor, sparseTensors } = attribute as OnnxAttribute & SparseFields;
  if (t !== undefined) checkTensor(t, attributeLabel(name, nodeText), context);
  for (const tensor of tensors) checkTensor(tensor, attributeLabel(name, nodeText), context);
  if (sparseTensor !== undefined) checkSparseTensor(sparseTensor, attributeLabel(name, nodeText), context);
  for (const sparse of sparseTensors) checkSparseTensor(sparse, attributeLabel(name, nodeText), context);
  if (g !== undefined) checkGraph(g, scope, `the graph "${name}" in ${nodeText()}`, context);
  for (const graph of graphs) checkGraph(graph, scope, `a graph of "${name}" in ${nodeText()}`, context);
}

interface SparseFields {
  sparseTensor?: OnnxSparseTensor;
  sparseTensors: OnnxSparseTensor[];
}

function attributeLabel(name: string, nodeText: () => string): string {
  return `${tensorLabel('the tensor', name)} in ${nodeText()}`;
}

function importedDomains(
  imports: readonly { domain: string; version: bigint }[],
  label: string,
  broken: Broken,
): Set<string> {
  for (const { domain, version } of imports) {
    if (version >= 1n && version < 2n ** 31n) continue;
    throw broken(`${label} imports version ${version} of the operator set ${quoted(domain || 'ai.onnx')}.`, { domain });
  }
  return new Set(imports.map(({ domain }) => (domain === 'ai.onnx' ? '' : domain)));
}

function defineOutputs(makers: Map<string, number>, nodes: readonly OnnxNode[], label: string, broken: Broken): void {
  nodes.forEach((node, index) => {
    for (const output of node.output) if (output !== '') define(makers, output, index, label, broken);
  });
}

function define(makers: Map<string, number>, name: string, by: number, label: string, broken: Broken): void {
  if (name === '') throw broken(`${label} has an input without a name.`);
  if (makers.has(name)) throw broken(`the value ${quoted(name)} of ${label} is made twice.`, { tensor: name });
  makers.set(name, by);
}

function requireMade(names: readonly string[], scope: Scope, broken: Broken): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (!isMade(name, scope))
      throw broken(`${scope.label} gives ${quoted(name)}, which nothing makes.`, { tensor: name });
    if (seen.has(name)) throw broken(`${scope.label} gives ${quoted(name)} twice.`, { tensor: name });
    seen.add(name);
  }
}

/** Whether a value is made in this graph or around it; notes where it is made later. */
function isMade(name: string, from: Scope): boolean {
  for (let scope: Scope | undefined = from; scope !== undefined; scope = scope.parent) {
    const maker = scope.makers.get(name);
    if (maker === undefined) continue;
    if (maker >= scope.current) scope.isSorted = false;
    return true;
  }
  return false;
}
