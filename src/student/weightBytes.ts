import { LimbeckError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import type { StudentArtifacts, WeightSpec } from './student.ts';

/** One weight of a student with its bytes, a view of the whole buffer. */
export interface WeightBytes extends WeightSpec {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const ELEMENT_BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, uint8: 1, bool: 1 };

/** Throws    student-invalid: elements without a fixed size, such as text */
export function elementBytes({ name, dtype }: Pick<WeightSpec, 'name' | 'dtype'>): number {
  const bytes = Object.hasOwn(ELEMENT_BYTES, dtype) ? ELEMENT_BYTES[dtype] : undefined;
  if (bytes !== undefined) return bytes;
  throw new LimbeckError(
    'student-invalid',
    `The weight "${name}" is of the type ${dtype}; a student's weights are ${Object.keys(ELEMENT_BYTES).join(', ')}.`,
    { details: { name, dtype } },
  );
}

/** The weights one by one. Throws    student-invalid: there are more or fewer bytes than the shapes say */
export function splitWeights({ weightSpecs, weightData }: StudentArtifacts): WeightBytes[] {
  let at = 0;
  const weights = weightSpecs.map((spec) => {
    const length = sizeOf(spec.shape) * elementBytes(spec);
    const bytes = new Uint8Array(weightData, Math.min(at, weightData.byteLength)).subarray(0, length);
    at += length;
    return { ...spec, bytes };
  });
  if (at === weightData.byteLength) return weights;
  throw new LimbeckError(
    'student-invalid',
    `The student's weights have ${weightData.byteLength} bytes; their shapes say ${at}.`,
    { details: { given: weightData.byteLength, needed: at } },
  );
}

/** Joins the bytes of weights into one buffer, in order. */
export function joinWeights(parts: readonly Uint8Array[]): ArrayBuffer {
  const joined = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.byteLength;
  }
  return joined.buffer;
}
