import { LimbeckError } from '../../core/errors.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import type { StudentArtifacts } from '../../student/student.ts';

/**
 * The weights of some artifacts by name, as views where they can be.
 * Throws    student-invalid: another type than float32 or int32, one name twice, fewer bytes than the shapes need
 */
export function readWeights({ weightSpecs, weightData }: StudentArtifacts): Map<string, Weight> {
  const weights = new Map<string, Weight>();
  let at = 0;
  for (const spec of weightSpecs) {
    const { name, shape, dtype } = spec;
    if ((dtype !== 'float32' && dtype !== 'int32') || 'quantization' in spec) {
      throw invalid(`its weight "${name}" is ${'quantization' in spec ? 'quantized' : dtype}; float32 is needed`);
    }
    if (weights.has(name)) throw invalid(`two of its weights are called "${name}"; give its layers different names`);
    const size = sizeOf(shape);
    if (at + 4 * size > weightData.byteLength) throw invalid(`its weights end before "${name}" does`);
    const data = dtype === 'float32' ? new Float32Array(weightData, at, size) : new Int32Array(weightData, at, size);
    weights.set(name, { name, shape, data: isTagged(data, 'Float32Array') ? data : Float32Array.from(data) });
    at += 4 * size;
  }
  return weights;
}

/** The weight '<path><name>'; Keras writes some paths twice ('dense/dense/kernel'). Throws    student-invalid */
export function findWeight(weights: ReadonlyMap<string, Weight>, path: string, name: string): Weight {
  const found = weights.get(path + name) ?? weights.get(path + path + name);
  if (found !== undefined) return found;
  throw invalid(`it has no weight "${path}${name}"`);
}

/**
 * Says that a weight is made for what its layer reads.
 * Throws    student-invalid: its length along this axis is another one
 */
export function checkFits({ name, shape }: Weight, axis: number, needed: number | null): void {
  if (needed === null || shape.at(axis) === needed) return;
  throw invalid(`"${name}" is ${formatShape(shape)} and its layer reads ${needed} features`);
}

function invalid(why: string): LimbeckError {
  return new LimbeckError('student-invalid', `The student's weights do not fit its layers: ${why}.`);
}
