import { LimbeckError, messageOf } from '../core/errors.ts';
import type { StudentArtifacts, WeightSpec } from './student.ts';

/** The two files that plain tfjs loads with `tf.loadLayersModel('…/model.json')`. */
export interface StudentFiles {
  readonly 'model.json': string;
  readonly 'weights.bin': Uint8Array<ArrayBuffer>;
}

/** A student's weights as the two files of tfjs's layers format. */
export function toFiles({ modelTopology, weightSpecs, weightData }: StudentArtifacts): StudentFiles {
  const model = {
    format: 'layers-model',
    generatedBy: 'limbeck',
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  };
  return { 'model.json': JSON.stringify(model), 'weights.bin': new Uint8Array(weightData.slice(0)) };
}

/** Throws    student-invalid: the files are no layers model, or the weights have another length than they say */
export function artifactsFromFiles(files: StudentFiles): StudentArtifacts {
  try {
    const { modelTopology, weightsManifest } = JSON.parse(files['model.json']) as {
      modelTopology: object | null;
      weightsManifest: { weights: WeightSpec[] }[];
    };
    const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
    const needed = weightSpecs.reduce((sum, { shape }) => sum + 4 * shape.reduce((product, n) => product * n, 1), 0);
    const bytes = files['weights.bin'];
    if (typeof modelTopology !== 'object' || modelTopology === null) throw new Error('model.json has no modelTopology');
    if (bytes.byteLength !== needed) {
      throw new Error(`weights.bin has ${bytes.byteLength} bytes, model.json describes ${needed}`);
    }
    return { modelTopology, weightSpecs, weightData: new Uint8Array(bytes).buffer };
  } catch (error) {
    throw new LimbeckError('student-invalid', `These files are no tfjs layers model (${messageOf(error)}).`, {
      cause: error,
    });
  }
}
