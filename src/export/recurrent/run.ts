import type { GraphBuilder } from '../../onnx/write/graphBuilder.ts';
import type { Value } from '../../onnx/write/graphValue.ts';
import { unsupportedLayer } from '../graph/unsupportedLayer.ts';
import type { LayerDescription } from '../layerExport.ts';
import { type Cell, statesOf } from './cell.ts';
import { runMasked } from './masked.ts';
import { isNative, runNative } from './native.ts';
import type { Pass, Ran } from './pass.ts';
import { MOST_STEPS, runUnrolled } from './unrolled.ts';

/**
 * Stacked cells over a sequence [T, B, F]. States are in tfjs's order: those of the last cell first. `mask` is a bool [B, T].
 * If there are several cells, names contain the number of the cell.
 * Throws    unsupported-layer: a cell that must be written step by step, over a free or too large number of steps
 */
export function runCells(
  graph: GraphBuilder,
  layer: LayerDescription,
  { cells, path, mask, pass }: { cells: readonly Cell[]; path: string; mask: string | undefined; pass: Pass },
): Ran {
  let x = pass.x;
  let left = pass.initial;
  let states: Value[] = [];
  let sequence: Value | undefined;
  cells.forEach((cell, i) => {
    const isLast = i === cells.length - 1;
    const initial = left.slice(left.length - statesOf(cell));
    left = left.slice(0, left.length - initial.length);
    const needs = !isLast && pass.needs === 'states' ? 'both' : isLast ? pass.needs : 'both';
    const within = cells.length === 1 ? graph.within(path) : graph.within(`${path}/cell${i}`);
    const ran = runCell(within, layer, cell, mask, { ...pass, x, initial, needs });
    states = [...ran.states, ...states];
    sequence = ran.sequence;
    x = ran.sequence ?? x;
  });
  return { ...(sequence !== undefined && { sequence }), states };
}

function runCell(graph: GraphBuilder, layer: LayerDescription, cell: Cell, mask: string | undefined, pass: Pass): Ran {
  if (isNative(cell)) return mask === undefined ? runNative(graph, cell, pass) : runMasked(graph, cell, mask, pass);
  const [steps] = pass.x.shape;
  if (typeof steps === 'number' && steps <= MOST_STEPS) return runUnrolled(graph, cell, mask, pass);
  const named = [cell.activation, cell.recurrentActivation].map((name) => `"${String(name)}"`).join(' and ');
  throw unsupportedLayer(
    layer,
    `with the activations ${named} it is written step by step, which takes a known length of at most ${MOST_STEPS}; ` +
      `its length is ${steps ?? 'free'}`,
  );
}
