import { bytes as bytesText, amount as countText } from '../core/figures.ts';
import type { OnnxDescription, OnnxNodeDescription, OnnxTensorDescription } from '../onnx/describe/description.ts';
import { reportText } from './printable.ts';
import { table } from './table.ts';

/** A description as text for a terminal, without its title; ends with a line break. */
export function inspectReport(model: OnnxDescription, withNodes: boolean): string {
  return reportText([
    table([{ heading: '' }, { heading: '' }], facts(model), '  '),
    table([{ heading: 'tensor' }, { heading: 'name' }, { heading: 'type' }, { heading: 'shape' }], ports(model), '  '),
    operatorLines(model),
    ...(withNodes ? nodeTables(model.nodes) : []),
  ]);
}

function facts(model: OnnxDescription): string[][] {
  const opsets = Object.entries(model.opsets).map(([domain, version]) => `${domain} ${version}`);
  const stored = Object.entries(model.bytesByDtype).map(([dtype, bytes]) => `${dtype} ${bytesText(bytes)}`);
  const metadata = Object.entries(model.metadata).map(([key, value]) => `${key}=${value}`);
  const special = [model.isRecurrent && 'recurrent cells', model.hasControlFlow && 'branches or loops'].filter(Boolean);
  return [
    ['file', `${bytesText(model.bytes)}, IR version ${model.irVersion}`],
    ['operator sets', opsets.join(', ')],
    ['producer', model.producer],
    ['metadata', metadata.join(', ')],
    ['parameters', countText(model.parameters)],
    ['stored', stored.join(', ')],
    ['weights beside it', model.externalFiles.join(', ')],
    ['multiply-adds', costText(model)],
    ['holds', special.join(', ')],
    ['free dimensions', openDimensions(model).join(', ')],
  ].filter(([, value]) => value !== '');
}

/** Free lengths without a number from the caller. */
function openDimensions({ freeDimensions, inputs }: OnnxDescription): readonly string[] {
  return freeDimensions.filter((name) => inputs.some(({ shape }) => shape?.includes(name)));
}

function costText({ multiplyAdds, countedMultiplyAdds, uncountedNodes, inputs }: OnnxDescription): string {
  if (multiplyAdds !== undefined) return countText(multiplyAdds);
  const least = countedMultiplyAdds > 0 ? `at least ${countText(countedMultiplyAdds)}: ` : 'unknown: ';
  const nodes = uncountedNodes === 1 ? '1 node' : `${uncountedNodes} nodes`;
  const isOpen = inputs.some(({ shape }) => shape === null || shape.some((length) => typeof length !== 'number'));
  return `${least}${nodes} could not be counted${isOpen ? '; give all shapes with --input' : ''}`;
}

function ports({ inputs, outputs }: OnnxDescription): string[][] {
  const rows = (kind: string, tensors: readonly OnnxTensorDescription[]) =>
    tensors.map(({ name, dtype, shape }) => [kind, name, dtype ?? '?', shapeText(shape)]);
  return [...rows('input', inputs), ...rows('output', outputs)];
}

/** How often each operator is used, and its cost. Only one branch runs, so costs of branches are not added. */
function operatorLines({ operators, nodes, hasControlFlow }: OnnxDescription): string[] {
  const costs = new Map<string, number>();
  for (const { domain, operator, multiplyAdds = 0 } of hasControlFlow ? [] : nodes) {
    const name = domain === '' ? operator : `${domain}:${operator}`;
    costs.set(name, (costs.get(name) ?? 0) + multiplyAdds);
  }
  const columns = [
    { heading: 'operator' },
    { heading: 'nodes', isNumber: true },
    { heading: hasControlFlow ? '' : 'multiply-adds', isNumber: true },
  ];
  const rows = Object.entries(operators).map(([name, count]) => [name, String(count), costCell(costs.get(name))]);
  return table(columns, rows, '  ');
}

/** A table of the model's own nodes, and one for each branch or body. */
function nodeTables(nodes: readonly OnnxNodeDescription[]): string[][] {
  const groups = new Map<string, OnnxNodeDescription[]>();
  for (const node of nodes) {
    const group = groups.get(node.within);
    if (group === undefined) groups.set(node.within, [node]);
    else group.push(node);
  }
  return [...groups].map(([within, own]) => {
    const headings = ['node', 'operator', 'output', 'type', 'shape'].map((heading) => ({ heading }));
    const lines = table([...headings, { heading: 'multiply-adds', isNumber: true }], own.flatMap(nodeRows), '  ');
    return within === '' ? lines : [`  in ${within}`, ...lines];
  });
}

/** A row for each output; the first also has what belongs to the node. */
function nodeRows({ name, operator, outputs, multiplyAdds }: OnnxNodeDescription): string[][] {
  const cost = multiplyAdds === undefined ? '?' : costCell(multiplyAdds);
  return outputs.map((one, i) => [
    ...(i === 0 ? [name, operator] : ['', '']),
    one.name,
    one.dtype ?? '?',
    shapeText(one.shape),
    i === 0 ? cost : '',
  ]);
}

function costCell(count = 0): string {
  return count === 0 ? '' : countText(count);
}

function shapeText(shape: OnnxTensorDescription['shape']): string {
  return shape === null ? '?' : `[${shape.map((one) => one ?? '?').join(', ')}]`;
}
