import { sizeOf } from '../../core/shape.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';

/** A stored float32 tensor; undefined if the value is computed, or of another type. */
export function weightOf(draft: Draft, name: string): Weight | undefined {
  const found = draft.constant(name);
  return found?.dtype === 'float32' ? { name, shape: found.shape, data: found.data as Float32Array } : undefined;
}

/** How many numbers `weightOf` has, without reading them; 0 if there is none. */
export function weightSize(draft: Draft, name: string): number {
  const tensor = draft.stored(name);
  return tensor?.dataType === FLOAT ? sizeOf(tensor.dims.map(Number)) : 0;
}

/** The format's number for float32. */
const FLOAT = 1;
