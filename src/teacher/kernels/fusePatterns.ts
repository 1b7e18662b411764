// Clipped lines, and those times x, as one step each. What ONNX has a name for, `simplify` has found before.
import type { Curve } from '../../runtime/kernels/matmul/gemm.ts';
import type { Draft, Step } from './steps.ts';

/** Rewrites clipped lines and hard swish, which only this engine has; what no pattern fits stays as it is. */
export function fusePatterns(draft: Draft): void {
  for (const step of [...draft.steps])
    if (step.op === 'HardSwish') Object.assign(step, { op: 'Gate', curve: HARD_SWISH });
  for (const step of [...draft.steps]) if (draft.steps.includes(step)) fuseLine(draft, step);
}

const HARD_SWISH: Curve = { slope: 1 / 6, offset: 0.5, low: 0, high: 1, shift: 0 };

/** A step that multiplies by a number or adds one: what it does to x, which is the other operand. */
export function affineOf(draft: Draft, step: Step, x: string): { scale: number; shift: number } | undefined {
  const [a = '', b = ''] = step.inputs;
  const other = a === x ? b : a;
  const number = draft.scalar(other);
  if (number === undefined || (draft.constants.get(other)?.shape.length ?? 0) > 1) return undefined;
  if (step.op === 'Mul') return { scale: number, shift: 0 };
  if (step.op === 'Add') return { scale: 1, shift: number };
  if (step.op === 'Div' && a === x) return { scale: 1 / number, shift: 0 };
  if (step.op === 'Sub' && a === x) return { scale: 1, shift: -number };
  return undefined;
}

/** The curve times a number plus a number. */
export function curveThen(curve: Curve, { scale, shift }: { scale: number; shift: number }): Curve {
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
function fuseLine(draft: Draft, clip: Step): void {
  let curve = clippedLine(draft, clip);
  if (curve === undefined) return;
  let [x = ''] = clip.inputs;
  let first = clip;
  const before = draft.maker(x);
  if (clip.op === 'Clip' && before !== undefined && draft.onlyReader(x) === clip) {
    const inner = before.inputs.find((name) => !draft.constants.has(name)) ?? '';
    const affine = inner === '' ? undefined : affineOf(draft, before, inner);
    if (affine !== undefined) {
      curve = { ...curve, slope: affine.scale, offset: affine.shift };
      x = inner;
      first = before;
    }
  }
  let last = clip;
  let isGate = false;
  for (;;) {
    const [out = ''] = last.outputs;
    const next = draft.onlyReader(out);
    if (next === undefined) break;
    const isTimesX = next.op === 'Mul' && next.inputs.includes(x) && next.inputs.includes(out);
    const affine = affineOf(draft, next, out);
    if (isTimesX && !isGate && curve.shift === 0) isGate = true;
    else if (affine !== undefined && affine.scale !== 0 && (isGate || affine.shift === 0))
      curve = curveThen(curve, affine);
    else break;
    draft.remove(last);
    last = next;
  }
  if (first !== clip) draft.remove(first);
  replace(draft, last, {
    op: isGate ? 'Gate' : 'Line',
    inputs: [x],
    outputs: [...last.outputs],
    node: clip.node,
    curve,
  });
}

function clippedLine(draft: Draft, { op, node, inputs }: Step): Curve | undefined {
  const float = (name: string, fallback: number) => node.attribute.find((one) => one.name === name)?.f ?? fallback;
  if (op === 'HardSigmoid') {
    return { slope: float('alpha', 0.2), offset: float('beta', 0.5), low: 0, high: 1, shift: 0 };
  }
  if (op === 'Relu') return { slope: 1, offset: 0, low: 0, high: Number.POSITIVE_INFINITY, shift: 0 };
  if (op !== 'Clip') return undefined;
  const limit = (index: number, name: string, fallback: number) => {
    const given = inputs[index] ?? '';
    return given === '' ? float(name, fallback) : draft.scalar(given);
  };
  const low = limit(1, 'min', Number.NEGATIVE_INFINITY);
  const high = limit(2, 'max', Number.POSITIVE_INFINITY);
  return low === undefined || high === undefined ? undefined : { slope: 1, offset: 0, low, high, shift: 0 };
}

function replace(draft: Draft, old: Step, step: Step): void {
  draft.steps = draft.steps.map((one) => (one === old ? step : one));
}
