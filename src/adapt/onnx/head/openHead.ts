import { take } from '../../../data/views.ts';
import { readForHead } from '../../../onnx/appendHead.ts';
import { headTaps } from '../../../onnx/headTaps.ts';
import type { OnnxModel } from '../../../onnx/model.ts';
import { logitsValue } from '../logitsValue.ts';
import type { OnnxSettings } from '../personalizeOnnxOptions.ts';
import { openFeed } from '../studentFeed.ts';

/** The values that a head may read, the default or named one first, and the one with the model's own logits. */
export interface OpenedHead {
  readonly tensors: readonly string[];
  readonly logits: string | undefined;
}

/** Throws    invalid-onnx · unknown-tensor · unsupported-operator · invalid-option */
export async function openHead(bytes: Uint8Array, options: OnnxSettings, signal: AbortSignal): Promise<OpenedHead> {
  const { name, tap } = options;
  const { model, source } = readForHead(bytes, tap, name);
  const inputShapes = tap === undefined ? await shapesFor(model, options, signal) : undefined;
  const tensors = tap === undefined ? headTaps(model, { source, ...(inputShapes && { inputShapes }) }) : [source];
  return { tensors, logits: logitsOf(model, name) };
}

/** Undefined where classes do not exclude each other. */
function logitsOf(model: OnnxModel, name: string): string | undefined {
  try {
    return logitsValue(model, undefined, name);
  } catch {
    return undefined;
  }
}

/** The shapes that the model will be fed; undefined if it cannot be fed: its session then says why. */
async function shapesFor(model: OnnxModel, options: OnnxSettings, signal: AbortSignal) {
  const { inputs } = await take(options.data, 1).read(Int32Array.of(0), signal);
  try {
    const fed = openFeed(model, options)(inputs);
    return Object.fromEntries(Object.entries(fed).map(([name, { shape }]) => [name, shape] as const));
  } catch {
    return undefined;
  }
}
