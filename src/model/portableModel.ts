import { isTagged } from '../core/tags.ts';
import { joinBuffers } from '../student/layersModel.ts';
import type { PortableStudent, StudentArtifacts, WeightSpec } from '../student/student.ts';

/** A tfjs model in its graph format: plain values that cross threads. */
export interface GraphArtifacts extends StudentArtifacts {
  /** Names of inputs and outputs, where the model's maker gave them others than its nodes have. */
  readonly signature?: object;
  readonly userDefinedMetadata?: object;
  readonly modelInitializer?: object;
  readonly initializerSignature?: object;
}

/** What a thread needs to build a tfjs teacher. */
export type PortableTfjsModel =
  | { readonly kind: 'layers'; readonly student: PortableStudent }
  | { readonly kind: 'graph'; readonly artifacts: GraphArtifacts };

/** What tfjs's handlers and files hold; only what limbeck reads. */
export interface TfjsArtifacts {
  readonly format?: string;
  readonly modelTopology?: object | ArrayBuffer;
  readonly weightSpecs?: readonly WeightSpec[];
  readonly weightData?: ArrayBuffer | readonly ArrayBuffer[];
  readonly signature?: object;
  readonly userDefinedMetadata?: object;
  readonly modelInitializer?: object;
  readonly initializerSignature?: object;
}

/** Tells the two formats apart and keeps what crosses a thread. Throws    Error: neither of them, or no weights */
export function toPortableModel(given: TfjsArtifacts): PortableTfjsModel {
  const { modelTopology, weightSpecs = [], weightData } = given;
  if (typeof modelTopology !== 'object' || modelTopology === null || isTagged(modelTopology, 'ArrayBuffer')) {
    throw new Error('there is no modelTopology in it');
  }
  if (weightData === undefined) throw new Error('its weights were not kept when it was loaded');
  const artifacts: StudentArtifacts = { modelTopology, weightSpecs, weightData: joinBuffers(weightData) };
  const isGraph = given.format === 'graph-model' || 'node' in modelTopology;
  if (!isGraph) return { kind: 'layers', student: { kind: 'artifacts', artifacts } };
  const { signature, userDefinedMetadata, modelInitializer, initializerSignature } = given;
  return {
    kind: 'graph',
    artifacts: {
      ...artifacts,
      ...(signature && { signature }),
      ...(userDefinedMetadata && { userDefinedMetadata }),
      ...(modelInitializer && { modelInitializer }),
      ...(initializerSignature && { initializerSignature }),
    },
  };
}

/** A model's weights; empty for a design that has none yet. */
export function weightsOf(model: PortableTfjsModel): ArrayBuffer {
  if (model.kind === 'graph') return model.artifacts.weightData;
  return model.student.kind === 'artifacts' ? model.student.artifacts.weightData : new ArrayBuffer(0);
}
