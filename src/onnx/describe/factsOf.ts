import { bytes as bytesText, amount as countText } from '../../core/figures.ts';
import type { OnnxDescription, OnnxTensorDescription } from './description.ts';

/**
 * What a person asks first about a model, as names and values to read; what does not apply is left out. `advice` says how
 * lengths are given that the file leaves open.
 */
export function factsOf(model: OnnxDescription, advice: string): [name: string, value: string][] {
  const opsets = Object.entries(model.opsets).map(([domain, version]) => `${domain} ${version}`);
  const stored = Object.entries(model.bytesByDtype).map(([dtype, bytes]) => `${dtype} ${bytesText(bytes)}`);
  const metadata = Object.entries(model.metadata).map(([key, value]) => `${key}=${value}`);
  const special = [model.isRecurrent && 'recurrent cells', model.hasControlFlow && 'branches or loops'].filter(Boolean);
  const all: [string, string][] = [
    ['file', `${bytesText(model.bytes)}, IR version ${model.irVersion}`],
    ['operator sets', opsets.join(', ')],
    ['producer', model.producer],
    ['metadata', metadata.join(', ')],
    ['parameters', countText(model.parameters)],
    ['stored', stored.join(', ')],
    ['weights beside it', model.externalFiles.join(', ')],
    ['multiply-adds', costText(model, advice)],
    ['memory of one run', model.peakBytes === undefined ? '' : `${bytesText(model.peakBytes)} and the weights`],
    ['holds', special.join(', ')],
    ['free dimensions', openDimensions(model).join(', ')],
  ];
  return all.filter(([, value]) => value !== '');
}

/** Free lengths without a number from the caller. */
function openDimensions({ freeDimensions, inputs }: OnnxDescription): readonly string[] {
  return freeDimensions.filter((name) => inputs.some(({ shape }) => shape?.includes(name)));
}

function costText(
  { multiplyAdds, countedMultiplyAdds, uncountedNodes, inputs }: OnnxDescription,
  advice: string,
): string {
  if (multiplyAdds !== undefined) return countText(multiplyAdds);
  const least = countedMultiplyAdds > 0 ? `at least ${countText(countedMultiplyAdds)}: ` : 'unknown: ';
  const nodes = uncountedNodes === 1 ? '1 node' : `${uncountedNodes} nodes`;
  const isOpen = inputs.some(({ shape }) => shape === null || shape.some((length) => typeof length !== 'number'));
  return `${least}${nodes} could not be counted${isOpen ? `; ${advice}` : ''}`;
}

export interface OperatorFacts {
  /** One outside ONNX's own domain as `domain:name`. */
  readonly name: string;
  readonly nodes: number;
  /** Of all its nodes that could be counted; 0 where only one of several branches runs, so that they cannot be added. */
  readonly multiplyAdds: number;
}

/** How often each operator is used, and its cost, most frequent first. */
export function operatorFacts({ operators, nodes, hasControlFlow }: OnnxDescription): OperatorFacts[] {
  const costs = new Map<string, number>();
  for (const { domain, operator, multiplyAdds = 0 } of hasControlFlow ? [] : nodes) {
    const name = domain === '' ? operator : `${domain}:${operator}`;
    costs.set(name, (costs.get(name) ?? 0) + multiplyAdds);
  }
  return Object.entries(operators).map(([name, count]) => ({
    name,
    nodes: count,
    multiplyAdds: costs.get(name) ?? 0,
  }));
}

/** "[1, 3, 48, W]"; a question mark where nothing is known. */
export function shapeText(shape: OnnxTensorDescription['shape']): string {
  return shape === null ? '?' : `[${shape.map((one) => one ?? '?').join(', ')}]`;
}
