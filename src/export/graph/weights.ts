import { LimbeckError } from '../../core/errors.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import { isTagged } from '../../core/tags.ts';
import type { Weight } from '../../onnx/write/operatorCall.ts';
import type { StudentArtifacts } from '../../student/student.ts';
import { splitWeights } from '../../student/weightBytes.ts';

/**
 * The weights of some artifacts by name, as views if possible.
 * Throws    student-invalid: a type other than float32 or int32, one name twice, more or fewer bytes than the shapes need
 */
export function readWeights(artifacts: StudentArtifacts): Map<string, Weight> {
  for (const spec of artifacts.weightSpecs) {
    const { name, dtype } = spec;
    if ((dtype !== 'float32' && dtype !== 'int32') || 'quantization' in spec) {
      throw invalid(`its weight "${name}" is ${'quantization' in spec ? 'quantized' : dtype}; float32 is needed`);
    }
  }
  const weights = new Map<string, Weight>();
  for (const { name, shape, dtype, bytes } of splitWeights(artifacts)) {
    if (weights.has(name)) throw invalid(`two of its weights are called "${name}"; give its layers different names`);
    const data = new (dtype === 'float32' ? Float32Array : Int32Array)(bytes.buffer, bytes.byteOffset, sizeOf(shape));
    weights.set(name, { name, shape, data: isTagged(data, 'Float32Array') ? data : Float32Array.from(data) });
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
 * Checks that a weight fits the input of its layer.
 * Throws    student-invalid: it has another length along this axis
 */
export function checkFits({ name, shape }: Weight, axis: number, needed: number | null): void {
  if (needed === null || shape.at(axis) === needed) return;
  throw invalid(`"${name}" is ${formatShape(shape)} and its layer reads ${needed} features`);
}

function invalid(why: string): LimbeckError {
  return new LimbeckError('student-invalid', `The student's weights do not fit its layers: ${why}.`);
}
