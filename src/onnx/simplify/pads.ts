import type { OnnxNode } from '../model.ts';
import { type Call, float, ints, text } from '../shapes/call.ts';
import type { Draft } from './draft.ts';
import { intsAttribute, nodeOf, numbersIn, scalarOf } from './nodes.ts';

/** Lets a Conv pad with zeros what a Pad before it padded. */
export function foldPads(draft: Draft): void {
  for (const node of draft.nodes()) {
    if (node.opType !== 'Conv' || node.domain !== '') continue;
    const maker = draft.maker(node.input[0] ?? '');
    const added = maker && draft.isReadOnce(node.input[0] ?? '') ? spatialPads(draft, maker) : undefined;
    if (maker === undefined || added === undefined) continue;
    const own = ownPads(draft.call(node), added.length);
    if (own === undefined) continue;
    const pads = intsAttribute(
      'pads',
      added.map((one, i) => one + (own[i] as number)),
    );
    const others = node.attribute.filter(({ name }) => name !== 'pads' && name !== 'auto_pad');
    draft.replace(node, nodeOf('Conv', node, [maker.input[0] ?? '', ...node.input.slice(1)], [...others, pads]));
  }
}

function ownPads(call: Call, count: number): readonly number[] | undefined {
  const mode = text(call, 'auto_pad', 'NOTSET');
  if (mode !== 'NOTSET' && mode !== 'VALID') return undefined;
  return (mode === 'NOTSET' ? ints(call, 'pads') : undefined) ?? new Array<number>(count).fill(0);
}

/** What a Pad of zeros adds on the axes after the first two; undefined where it does anything else. */
function spatialPads(draft: Draft, node: OnnxNode): readonly number[] | undefined {
  const call = draft.call(node);
  if (node.opType !== 'Pad' || node.domain !== '' || text(call, 'mode', 'constant') !== 'constant') return undefined;
  const pads = ints(call, 'pads') ?? numbersIn(draft, node.input[1]);
  const hasValue = (node.input[2] ?? '') !== '';
  const value = hasValue ? scalarOf(draft, node.input[2]) : (float(call, 'value') ?? 0);
  if (pads === undefined || value !== 0 || (node.input[3] ?? '') !== '' || pads.some((one) => one < 0))
    return undefined;
  const rank = pads.length / 2;
  const isSpatial = [0, 1, rank, rank + 1].every((i) => pads[i] === 0);
  return isSpatial && rank > 2 ? [...pads.slice(2, rank), ...pads.slice(rank + 2)] : undefined;
}
