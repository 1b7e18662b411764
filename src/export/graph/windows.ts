import type { Lengths } from '../../onnx/write/graphValue.ts';

/** A window that slides over space, one entry per axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** 'causal' pads all of it in front. */
  readonly padding: string;
}

/** Output lengths of the window as tfjs computes them; a free length stays free. */
export function slidLengths(spatial: Lengths, { kernel, strides, dilations, padding }: Window): (number | null)[] {
  return spatial.map((length, i) => {
    if (length === null) return null;
    const room = padding === 'valid' ? length - reach(kernel, dilations, i) + 1 : length;
    return Math.ceil(room / at(strides, i));
  });
}

/**
 * The attributes of a Conv or a pooling for tfjs's padding: 'same' puts the odd one at the end. If a length is free and the
 * stride above 1, the runtime has to compute it (SAME_UPPER).
 */
export function windowAttributes(spatial: Lengths, window: Window): Record<string, readonly number[] | string> {
  const { kernel, strides, dilations, padding } = window;
  const attributes = {
    kernel_shape: kernel,
    ...(strides.some((one) => one !== 1) && { strides }),
    ...(dilations.some((one) => one !== 1) && { dilations }),
  };
  if (padding === 'valid') return attributes;
  if (padding === 'same' && spatial.some((length, i) => length === null && at(strides, i) > 1)) {
    return { ...attributes, auto_pad: 'SAME_UPPER' };
  }
  const totals = spatial.map((length, i) => {
    const beyond = reach(kernel, dilations, i) - 1;
    if (padding === 'causal' || length === null) return beyond;
    const steps = Math.ceil(length / at(strides, i));
    return Math.max(0, (steps - 1) * at(strides, i) + beyond + 1 - length);
  });
  const begins = totals.map((total) => (padding === 'causal' ? total : Math.floor(total / 2)));
  const pads = [...begins, ...totals.map((total, i) => total - at(begins, i))];
  return pads.some((one) => one !== 0) ? { ...attributes, pads } : attributes;
}

/** Output lengths of a transposed convolution as tfjs computes them. */
export function grownLengths(spatial: Lengths, { kernel, strides, padding }: Window): (number | null)[] {
  return spatial.map((length, i) => {
    if (length === null) return null;
    const rest = padding === 'valid' ? Math.max(at(kernel, i) - at(strides, i), 0) : 0;
    return length * at(strides, i) + rest;
  });
}

/** The attributes of a ConvTranspose whose output has those lengths; they do not depend on the input's. */
export function grownAttributes({ kernel, strides, padding }: Window): Record<string, readonly number[]> {
  const missing = kernel.map((length, i) => Math.max(at(strides, i) - length, 0));
  const totals = kernel.map((length, i) => (padding === 'same' ? Math.max(length - at(strides, i), 0) : 0));
  const begins = totals.map((total) => Math.floor(total / 2));
  const pads = [...begins, ...totals.map((total, i) => total - at(begins, i))];
  return {
    kernel_shape: kernel,
    strides,
    ...(pads.some((one) => one !== 0) && { pads }),
    ...(missing.some((one) => one !== 0) && { output_padding: missing }),
  };
}

/** How far a dilated window reaches. */
function reach(kernel: readonly number[], dilations: readonly number[], i: number): number {
  return (at(kernel, i) - 1) * at(dilations, i) + 1;
}

function at(values: readonly number[], i: number): number {
  return values[i] as number;
}
