// Clipped lines, and those times x, as one node each. `simplify` has already found what ONNX has a name for.
import type { OnnxNode } from '../../onnx/model.ts';
import { float } from '../../onnx/shapes/call.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { scalarOf } from '../../onnx/simplify/nodes.ts';
import type { Curve } from '../../runtime/kernels/matmul/gemm.ts';
import { curveAttribute, fusedNode } from './fusedNodes.ts';

/** Rewrites clipped lines and hard swish as the engine's Line and Gate. */
export function fuseCurves(draft: Draft): void {
  for (const node of draft.nodes()) {
    if (node.domain !== '') continue;
    if (node.opType !== 'HardSwish') fuseLine(draft, node);
    else draft.replace(node, fusedNode('Gate', node, node.input, [curveAttribute(HARD_SWISH)]));
  }
}

const HARD_SWISH: Curve = { slope: 1 / 6, offset: 0.5, low: 0, high: 1, shift: 0 };

/** The only node that reads a value which nothing else needs. */
export function onlyReader(draft: Draft, name: string | undefined): OnnxNode | undefined {
  return name !== undefined && draft.isReadOnce(name) ? [...draft.readers(name)][0] : undefined;
}

interface Affine {
  readonly scale: number;
  readonly shift: number;
}

/** A node that multiplies by a number or adds one: what it does to x, its other operand. */
export function affineOf(draft: Draft, node: OnnxNode, x: string): Affine | undefined {
  const [a = '', b = ''] = node.input;
  const other = a === x ? b : a;
  const by = floatOf(draft, other);
  if (node.domain !== '' || by === undefined || (draft.constant(other)?.shape.length ?? 0) > 1) return undefined;
  if (node.opType === 'Mul') return { scale: by, shift: 0 };
  if (node.opType === 'Add') return { scale: 1, shift: by };
  if (node.opType === 'Div' && a === x) return { scale: 1 / by, shift: 0 };
  if (node.opType === 'Sub' && a === x) return { scale: 1, shift: -by };
  return undefined;
}

/** The curve times a number plus a number. */
export function curveThen(curve: Curve, { scale, shift }: Affine): Curve {
  const [low, high] = [curve.low * scale, curve.high * scale];
  return {
    slope: curve.slope * scale,
    offset: curve.offset * scale,
    low: scale < 0 ? high : low,
    high: scale < 0 ? low : high,
    shift: curve.shift * scale + shift,
  };
}

/** Clip(a·x + b), times x where the model says so, times and plus numbers. */
function fuseLine(draft: Draft, clip: OnnxNode): void {
  let curve = clippedLine(draft, clip);
  if (curve === undefined) return;
  let [x = ''] = clip.input;
  const before = clip.opType === 'Clip' && draft.isReadOnce(x) ? draft.maker(x) : undefined;
  const inner = before?.input.find((name) => draft.constant(name) === undefined) ?? '';
  const line = before && inner !== '' ? affineOf(draft, before, inner) : undefined;
  if (line !== undefined) {
    curve = { ...curve, slope: line.scale, offset: line.shift };
    x = inner;
  }
  let last = clip;
  let isGate = false;
  for (;;) {
    const [out = ''] = last.output;
    const next = onlyReader(draft, out);
    if (next === undefined) break;
    const isTimesX = next.opType === 'Mul' && next.domain === '' && next.input.includes(x) && next.input.includes(out);
    const affine = affineOf(draft, next, out);
    if (isTimesX && !isGate && curve.shift === 0) isGate = true;
    else if (affine !== undefined && affine.scale !== 0 && (isGate || affine.shift === 0))
      curve = curveThen(curve, affine);
    else break;
    last = next;
  }
  draft.replace(last, fusedNode(isGate ? 'Gate' : 'Line', last, [x], [curveAttribute(curve)]));
}

function clippedLine(draft: Draft, node: OnnxNode): Curve | undefined {
  const { opType, input } = node;
  if (opType === 'HardSigmoid') {
    return {
      slope: float({ node }, 'alpha') ?? 0.2,
      offset: float({ node }, 'beta') ?? 0.5,
      low: 0,
      high: 1,
      shift: 0,
    };
  }
  if (opType === 'Relu') return { slope: 1, offset: 0, low: 0, high: Number.POSITIVE_INFINITY, shift: 0 };
  if (opType !== 'Clip') return undefined;
  const limit = (index: number, name: string, fallback: number) => {
    const given = input[index] ?? '';
    return given === '' ? (float({ node }, name) ?? fallback) : floatOf(draft, given);
  };
  const low = limit(1, 'min', Number.NEGATIVE_INFINITY);
  const high = limit(2, 'max', Number.POSITIVE_INFINITY);
  return low === undefined || high === undefined ? undefined : { slope: 1, offset: 0, low, high, shift: 0 };
}

/** The one element of a constant of floats. */
function floatOf(draft: Draft, name: string): number | undefined {
  return draft.constant(name)?.dtype.startsWith('float') ? scalarOf(draft, name) : undefined;
}
