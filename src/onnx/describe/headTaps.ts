import type { OnnxModel, OnnxNode } from '../model.ts';
import { isLinear } from './defaultTap.ts';
import { describeModel } from './describe.ts';
import { valuesOf } from './values.ts';

/** What is looked for, and how much of it. */
export interface HeadTapsOptions {
  /** The value that stands for certain; what its own layer and the ones before it read are the others. */
  readonly source: string;
  /** What the inputs' shapes will be, their batch with them. Without, only shapes that the file tells are known. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
}

/** How far before the last layer: near steps are small, far ones large. */
const STEPS_BACK = [1, 2, 4, 8];
/** A value has to be carried out of the session for each example. */
const MOST_NUMBERS = 65_536;

/**
 * Values that a head may stand on: `source`, and what earlier layers with stored weights read, 1, 2, 4 and 8 layers before it.
 * Left out are values of unknown shape, of more than 65,536 numbers an example, or that are no rows, steps or maps.
 */
export function headTaps(model: OnnxModel, { source, inputShapes }: HeadTapsOptions): string[] {
  const read = layersBefore(model, source);
  const { inputs, nodes } = describeModel(model, 0, inputShapes ? { inputShapes } : {});
  const shapes = new Map(
    [...inputs, ...nodes.filter(({ within }) => within === '').flatMap(({ outputs }) => outputs)].map((one) => [
      one.name,
      one.dtype === 'float32' ? one.shape : null,
    ]),
  );
  const fits = (name: string) => {
    const lengths = shapes.get(name)?.slice(1) ?? [];
    const numbers = lengths.reduce<number>((product, one) => product * (typeof one === 'number' ? one : Number.NaN), 1);
    return lengths.length >= 1 && lengths.length <= 3 && numbers > 0 && numbers <= MOST_NUMBERS;
  };
  const others = STEPS_BACK.flatMap((steps) => read[steps - 1] ?? []).filter((name) => name !== source && fits(name));
  return [...new Set([source, ...others])];
}

/**
 * What the layers with stored weights (MatMul, Gemm, Conv) read on which a value depends: each once, the nearest to the value
 * first, by the order of the file.
 */
function layersBefore(model: OnnxModel, value: string): string[] {
  const values = valuesOf(model.graph);
  const makers = new Map<string, OnnxNode>();
  for (const node of values.nodes) for (const output of node.output) makers.set(output, node);
  const needed = new Set<OnnxNode>();
  const open = [makers.get(value)];
  for (let node = open.pop(); open.length > 0 || node !== undefined; node = open.pop()) {
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    for (const input of node.input) open.push(makers.get(input));
  }
  const read = values.nodes
    .filter((node) => needed.has(node) && isLinear(node, values))
    .flatMap(({ input }) => input.find((name) => name !== '' && !values.constants.has(name)) ?? []);
  return [...new Set(read.reverse())];
}
