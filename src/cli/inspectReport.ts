import { amount as countText } from '../core/figures.ts';
import type { OnnxDescription, OnnxNodeDescription, OnnxTensorDescription } from '../onnx/describe/description.ts';
import { factsOf, operatorFacts, shapeText } from '../onnx/describe/factsOf.ts';
import { reportText } from './printable.ts';
import { table } from './table.ts';

/** A description as text for a terminal, without its title; ends with a line break. */
export function inspectReport(model: OnnxDescription, withNodes: boolean): string {
  return reportText([
    table([{ heading: '' }, { heading: '' }], factsOf(model, 'give all shapes with --input'), '  '),
    table([{ heading: 'tensor' }, { heading: 'name' }, { heading: 'type' }, { heading: 'shape' }], ports(model), '  '),
    operatorLines(model),
    ...(withNodes ? nodeTables(model.nodes) : []),
  ]);
}

function ports({ inputs, outputs }: OnnxDescription): string[][] {
  const rows = (kind: string, tensors: readonly OnnxTensorDescription[]) =>
    tensors.map(({ name, dtype, shape }) => [kind, name, dtype ?? '?', shapeText(shape)]);
  return [...rows('input', inputs), ...rows('output', outputs)];
}

function operatorLines(model: OnnxDescription): string[] {
  const columns = [
    { heading: 'operator' },
    { heading: 'nodes', isNumber: true },
    { heading: model.hasControlFlow ? '' : 'multiply-adds', isNumber: true },
  ];
  const rows = operatorFacts(model).map(({ name, nodes, multiplyAdds }) => [
    name,
    String(nodes),
    costCell(multiplyAdds),
  ]);
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
