import type { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError, messageOf } from '../core/errors.ts';
import {
  isLayersModel,
  isStudent,
  PARTS,
  type PortableStudent,
  type Student,
  type StudentArtifacts,
  type WeightSpec,
} from './student.ts';
import { joinWeights } from './weightBytes.ts';

/**
 * Any tfjs LayersModel as a student. Its topology and weights are read when a run starts; the trained weights are put
 * back into the same model.
 * Throws    student-invalid: not a LayersModel, or one that tfjs cannot save
 */
export function studentFromModel(model: LayersModel): Student {
  if (!isLayersModel(model)) {
    throw new LimbeckError(
      'student-invalid',
      'The student is neither of limbeck’s zoo nor a tfjs LayersModel. Give cnn(…), mlp(…) or a tf.LayersModel.',
    );
  }
  let artifacts: StudentArtifacts | undefined;
  return {
    name: model.name,
    [PARTS]: [model],
    get artifacts() {
      return artifacts;
    },
    async portable(): Promise<PortableStudent> {
      artifacts = await artifactsOf(model);
      return { kind: 'artifacts', artifacts };
    },
    async adopt(trained) {
      artifacts = trained;
      const tf = await import('../runtime/tf.ts');
      const byName = tf.io.decodeWeights(trained.weightData, [...trained.weightSpecs] as Parameters<
        typeof tf.io.decodeWeights
      >[1]);
      try {
        model.setWeights(trained.weightSpecs.map(({ name }) => byName[name] as never));
      } catch (error) {
        throw notAdopted(model.name, error);
      } finally {
        tf.dispose(byName);
      }
    },
  };
}

/** The error of a model that no longer takes the trained weights: it was disposed or changed during the run. */
function notAdopted(name: string, cause: unknown): LimbeckError {
  const why = messageOf(cause);
  const isDisposed = /disposed/i.test(why);
  return new LimbeckError(
    isDisposed ? 'disposed' : 'student-invalid',
    `The student "${name}" ${isDisposed ? 'was disposed while it learned' : 'does not take what it has learned'}: ${why} ` +
      'Keep a LayersModel as it is until its run is done.',
    { details: { name }, cause },
  );
}

/** A student as it is, or one made from a tfjs LayersModel. Throws    student-invalid: neither */
export function asStudent(given: Student | LayersModel): Student {
  return isStudent(given) ? given : studentFromModel(given);
}

/** A model's topology and weights in tfjs's layers format. Throws    student-invalid */
export async function artifactsOf(model: LayersModel): Promise<StudentArtifacts> {
  try {
    const { modelTopology, weightSpecs = [], weightData } = await savedParts(model);
    return {
      modelTopology: modelTopology as object,
      weightSpecs: weightSpecs as readonly WeightSpec[],
      weightData: joinBuffers(weightData),
    };
  } catch (error) {
    throw new LimbeckError('student-invalid', `tfjs could not save the student "${model.name}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** tfjs hands a model's parts to whoever "saves" it, without copying a file. */
export async function savedParts(model: Pick<LayersModel, 'save'>): Promise<io.ModelArtifacts> {
  let saved: io.ModelArtifacts | undefined;
  await model.save({
    save: async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  });
  return saved as io.ModelArtifacts;
}

/** Joins buffers in order; none give an empty one. */
export function joinBuffers(data: ArrayBuffer | readonly ArrayBuffer[] | undefined): ArrayBuffer {
  if (data === undefined || 'byteLength' in data) return data ?? new ArrayBuffer(0);
  return joinWeights(data.map((part) => new Uint8Array(part)));
}
