// Patterns of nodes that exporters write for one function, as one step each.
import type { Curve } from '../../runtime/kernels/gemm.ts';
import { type Draft, emptyNode, type Step } from './steps.ts';

/** Rewrites clipped lines, hard swish, swish and layer normalization; what no pattern fits stays as it is. */
export function fusePatterns(draft: Draft): void {
  for (const step of [...draft.steps]) if (draft.steps.includes(step)) fuseIdle(draft, step);
  for (const step of [...draft.steps])
    if (step.op === 'HardSwish') Object.assign(step, { op: 'Gate', curve: HARD_SWISH });
  for (const step of [...draft.steps]) if (draft.steps.includes(step)) fuseLine(draft, step);
  for (const step of [...draft.steps]) if (draft.steps.includes(step)) fuseSwish(draft, step);
  for (const step of [...draft.steps]) if (draft.steps.includes(step)) fuseLayerNorm(draft, step);
}

const HARD_SWISH: Curve = { slope: 1 / 6, offset: 0.5, low: 0, high: 1, shift: 0 };

/** Multiplying by one and adding zero do nothing, where they do not broadcast. */
function fuseIdle(draft: Draft, step: Step): void {
  const [a = '', b = ''] = step.inputs;
  const isOne = step.op === 'Mul' || step.op === 'Div';
  if (!isOne && step.op !== 'Add' && step.op !== 'Sub') return;
  const given = draft.scalar(b);
  if (given !== (isOne ? 1 : 0) || (draft.constants.get(b)?.shape.length ?? 0) > 1) return;
  const [out = ''] = step.outputs;
  if (draft.outputs.has(out)) return;
  for (const reader of draft.steps) reader.inputs = reader.inputs.map((name) => (name === out ? a : name));
  draft.remove(step);
}

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

/** x · sigmoid(x). */
function fuseSwish(draft: Draft, sigmoid: Step): void {
  if (sigmoid.op !== 'Sigmoid') return;
  const [x = ''] = sigmoid.inputs;
  const [out = ''] = sigmoid.outputs;
  const next = draft.onlyReader(out);
  if (next?.op !== 'Mul' || !next.inputs.includes(x) || !next.inputs.includes(out) || x === out) return;
  draft.remove(sigmoid);
  replace(draft, next, { op: 'Silu', inputs: [x], outputs: [...next.outputs], node: emptyNode('Silu') });
}

/** (x − mean) / √(mean((x − mean)²) + ε) · gamma + beta, over the last axis. */
function fuseLayerNorm(draft: Draft, sub: Step): void {
  if (sub.op !== 'Sub') return;
  const [x = '', meanName = ''] = sub.inputs;
  const mean = draft.maker(meanName);
  if (mean?.inputs[0] !== x || !isLastMean(draft, mean) || draft.onlyReader(meanName) !== sub) return;
  const [centered = ''] = sub.outputs;
  const readers = draft.steps.filter(({ inputs }) => inputs.includes(centered));
  const square = readers.find(({ op }) => op === 'Pow' || op === 'Mul');
  const div = readers.find(({ op }) => op === 'Div');
  if (readers.length !== 2 || square === undefined || div === undefined || draft.outputs.has(centered)) return;
  const isSquare =
    square.op === 'Pow' ? draft.scalar(square.inputs[1]) === 2 : square.inputs.every((name) => name === centered);
  const variance = draft.onlyReader(square.outputs[0] as string);
  if (!isSquare || variance === undefined || !isLastMean(draft, variance)) return;
  const plus = draft.onlyReader(variance.outputs[0] as string);
  const epsilon = plus === undefined ? undefined : affineOf(draft, plus, variance.outputs[0] as string);
  const root = plus === undefined ? undefined : draft.onlyReader(plus.outputs[0] as string);
  if (plus === undefined || epsilon?.scale !== 1 || root?.op !== 'Sqrt') return;
  if (draft.onlyReader(root.outputs[0] as string) !== div || div.inputs[1] !== root.outputs[0]) return;
  const times = draft.onlyReader(div.outputs[0] as string);
  const gamma = times?.op === 'Mul' ? rowOf(draft, times, div.outputs[0] as string) : undefined;
  const last = gamma === undefined || times === undefined ? undefined : draft.onlyReader(times.outputs[0] as string);
  const beta = last?.op === 'Add' && times !== undefined ? rowOf(draft, last, times.outputs[0] as string) : undefined;
  const end = beta !== undefined && last !== undefined ? last : div;
  const scaled = end === div ? [] : [gamma as string, beta as string];
  for (const step of [mean, sub, square, variance, plus, root, div, ...(end === div ? [] : [times as Step])]) {
    if (step !== end) draft.remove(step);
  }
  replace(draft, end, {
    op: 'LayerNormalization',
    inputs: [x, ...scaled],
    outputs: [...end.outputs],
    node: emptyNode('LayerNormalization'),
    epsilon: epsilon.shift,
  });
}

function rowOf(draft: Draft, { inputs }: Step, x: string): string | undefined {
  const other = inputs[0] === x ? inputs[1] : inputs[0];
  const found = other === undefined ? undefined : draft.constants.get(other);
  return found !== undefined && found.shape.length === 1 && found.data.length > 1 ? other : undefined;
}

function isLastMean(draft: Draft, { op, node, inputs }: Step): boolean {
  if (op !== 'ReduceMean') return false;
  const attribute = node.attribute.find(({ name }) => name === 'axes')?.ints.map(Number);
  const axes = attribute ?? Array.from(draft.constants.get(inputs[1] ?? '')?.data ?? []);
  const keeps = node.attribute.find(({ name }) => name === 'keepdims')?.i ?? 1n;
  return axes.length === 1 && axes[0] === -1 && keeps === 1n;
}

function replace(draft: Draft, old: Step, step: Step): void {
  draft.steps = draft.steps.map((one) => (one === old ? step : one));
}
