import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays, Shapes } from '../core/shape.ts';
import { countedAfresh } from '../student/safetensors/layerNumbers.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { joinWeights, splitWeights, type WeightBytes } from '../student/weightBytes.ts';

/** A weight that travels, under a name that does not depend on how many students a page has built. */
interface Named {
  readonly name: string;
  readonly weight: WeightBytes;
}

/** Which weights are shared, by their name in the student. Weights of other types than float32 never are. */
export type IsShared = (name: string) => boolean;

/** The shapes of a student's shared weights, by the names under which they travel. */
export function sharedShapes(artifacts: StudentArtifacts, isShared: IsShared): Shapes {
  return Object.fromEntries(namedOf(artifacts, isShared).map(({ name, weight }) => [name, weight.shape]));
}

/** A student's shared weights. */
export function sharedWeights(artifacts: StudentArtifacts, isShared: IsShared): NamedArrays {
  return Object.fromEntries(
    namedOf(artifacts, isShared).map(({ name, weight: { shape, bytes } }) => [
      name,
      { data: new Float32Array(bytes.slice().buffer), shape },
    ]),
  );
}

/** The student with these in place of its shared weights; names that it does not share are passed over. */
export function withShared(artifacts: StudentArtifacts, values: NamedArrays, isShared: IsShared): StudentArtifacts {
  const byWeight = new Map(namedOf(artifacts, isShared).map(({ name, weight }) => [weight.name, values[name]]));
  const parts = splitWeights(artifacts).map(({ name, bytes }) => {
    const data = byWeight.get(name)?.data;
    return data === undefined ? bytes : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  });
  return { ...artifacts, weightData: joinWeights(parts) };
}

/** Whether a weight is a statistic of batch normalization: it is no parameter, and may not become negative. */
export function isStatistic(name: string): boolean {
  return /\/moving_(mean|variance)$/.test(name);
}

function namedOf(artifacts: StudentArtifacts, isShared: IsShared): Named[] {
  const weights = splitWeights(artifacts);
  const names = countedAfresh(weights.map(({ name }) => name));
  if (new Set(names).size < names.length) {
    throw new LimbeckError(
      'student-invalid',
      'Two weights of the student have the same name, so they cannot be told apart on their way. Give its layers names.',
      { details: { names } },
    );
  }
  return weights.flatMap((weight, i) =>
    weight.dtype === 'float32' && isShared(weight.name) ? [{ name: names[i] as string, weight }] : [],
  );
}
