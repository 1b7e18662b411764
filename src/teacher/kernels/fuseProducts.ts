// What follows a convolution or a product with stored weights becomes part of it: factors and biases go into the weights,
// an activation into the end of the kernel.
import { affineOf, curveThen } from './fusePatterns.ts';
import type { Draft, Epilogue, Step } from './steps.ts';

export function fuseProducts(draft: Draft): void {
  for (const step of [...draft.steps]) {
    const channels = draft.steps.includes(step) ? channelsOf(draft, step) : undefined;
    if (channels !== undefined) extend(draft, step, channels);
  }
}

/** How many output channels, and along which axis counted from the end of the result's shape. */
interface Channels {
  readonly count: number;
  /** Lengths behind the channel axis: 2 for images, 0 for rows. */
  readonly behind: number;
}

function channelsOf(draft: Draft, { op, inputs, node }: Step): Channels | undefined {
  const weight = draft.constants.get(inputs[1] ?? '');
  if (weight === undefined || weight.dtype !== 'float32') return undefined;
  const rank = weight.shape.length;
  if ((inputs[2] ?? '') !== '' && !draft.constants.has(inputs[2] as string)) return undefined;
  if (op === 'Conv' && rank >= 3) return { count: weight.shape[0] as number, behind: rank - 2 };
  if (op === 'ConvTranspose' && rank >= 3) {
    const groups = Number(node.attribute.find(({ name }) => name === 'group')?.i ?? 1n);
    return groups === 1 ? { count: weight.shape[1] as number, behind: rank - 2 } : undefined;
  }
  return op === 'MatMul' && rank === 2 ? { count: weight.shape[1] as number, behind: 0 } : undefined;
}

function extend(draft: Draft, step: Step, channels: Channels): void {
  const epilogue: Epilogue = { activation: 'linear' };
  step.epilogue = epilogue;
  for (;;) {
    const [out = ''] = step.outputs;
    const next = draft.onlyReader(out);
    if (next === undefined || !absorb(draft, epilogue, next, out, channels)) return;
    step.outputs = [...next.outputs];
    // It takes the place of the last, so that all that was before the others still is.
    draft.remove(next);
  }
}

function absorb(draft: Draft, epilogue: Epilogue, next: Step, x: string, channels: Channels): boolean {
  if ((next.op === 'Line' || next.op === 'Gate') && epilogue.activation === 'linear') {
    epilogue.activation = next.op === 'Line' ? 'line' : 'gate';
    epilogue.curve = next.curve;
    return true;
  }
  if (epilogue.curve !== undefined) {
    const affine = affineOf(draft, next, x);
    if (affine === undefined || affine.scale === 0) return false;
    epilogue.curve = curveThen(epilogue.curve, affine);
    return true;
  }
  const rows = rowsOf(draft, next, x, channels);
  if (rows === undefined) return false;
  const { count } = channels;
  const scale = epilogue.scale ?? new Float64Array(count).fill(1);
  const bias = epilogue.bias ?? new Float64Array(count);
  for (let i = 0; i < count; i++) {
    scale[i] = (scale[i] as number) * rows.scale(i);
    bias[i] = (bias[i] as number) * rows.scale(i) + rows.shift(i);
  }
  epilogue.scale = scale;
  epilogue.bias = bias;
  return true;
}

interface Rows {
  scale(channel: number): number;
  shift(channel: number): number;
}

function rowsOf(draft: Draft, next: Step, x: string, channels: Channels): Rows | undefined {
  const [a = '', b = ''] = next.inputs;
  const other = a === x ? b : a;
  const values = rowOf(draft, other, channels);
  if (values === undefined || a === b) return undefined;
  const one = () => 1;
  const zero = () => 0;
  if (next.op === 'Mul') return { scale: values, shift: zero };
  if (next.op === 'Add') return { scale: one, shift: values };
  if (next.op === 'Div' && a === x) return { scale: (i) => 1 / values(i), shift: zero };
  if (next.op === 'Sub') return a === x ? { scale: one, shift: (i) => -values(i) } : { scale: () => -1, shift: values };
  return undefined;
}

/** The value for each channel of a constant that is one number, or one a channel. */
function rowOf(draft: Draft, name: string, { count, behind }: Channels): ((i: number) => number) | undefined {
  const found = draft.constants.get(name);
  if (found === undefined || found.dtype !== 'float32') return undefined;
  const { data, shape } = found;
  if (data.length === 1 && shape.length <= behind + 1) return () => data[0] as number;
  const channelAxis = shape.length - 1 - behind;
  const isRow = data.length === count && channelAxis >= 0 && shape[channelAxis] === count && shape.length <= behind + 2;
  return isRow ? (i) => data[i] as number : undefined;
}
