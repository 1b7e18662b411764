import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Tf } from '../runtime/tfNamespace.ts';

/** A model in tfjs's layers format: plain values that cross threads and can be saved. */
export interface StudentArtifacts {
  readonly modelTopology: object;
  readonly weightSpecs: readonly WeightSpec[];
  readonly weightData: ArrayBuffer;
}

export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** What a built student offers: names and shapes without the batch; a free length is null. */
export interface StudentDescription {
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly parameters: number;
  readonly trainableParameters: number;
}

/**
 * What a thread needs to build a student: trained weights, a design of the zoo, or how it is derived from other
 * students.
 */
export type PortableStudent =
  | { readonly kind: 'artifacts'; readonly artifacts: StudentArtifacts }
  | { readonly kind: 'design'; readonly design: string; readonly options: Readonly<Record<string, unknown>> }
  | { readonly kind: 'derived'; readonly from: PortableStudent; readonly change: StudentChange }
  | { readonly kind: 'cohort'; readonly members: readonly PortableStudent[] };

/** A layer by its name, or by its number among the model's layers (the input is 0). */
export type LayerPlace = string | number;

/** How another student becomes this one: see `withExits` and `branched`. */
export type StudentChange =
  | { readonly to: 'exits'; readonly at: readonly LayerPlace[]; readonly features: number; readonly classes?: number }
  | { readonly to: 'branches'; readonly at: LayerPlace; readonly branches: number };

/**
 * What a student stands for, if it is a handle of other things: a model of the page, the members of a cohort. They
 * learn with it.
 */
export const PARTS = Symbol('parts');

/**
 * A small trainable model with named outputs, as a handle: it holds weights as plain bytes, not tensors, so it can live
 * on a page while a worker trains it. Training gives it new weights.
 */
export interface Student {
  readonly name: string;
  /** The weights as they are now; undefined for a design that was never trained. */
  readonly artifacts: StudentArtifacts | undefined;
  portable(): Promise<PortableStudent>;
  /** Takes trained weights; `members` are those of each member of a cohort. */
  adopt(artifacts: StudentArtifacts, members?: readonly StudentArtifacts[]): Promise<void>;
  readonly [PARTS]?: readonly (Student | LayersModel)[];
}

export function isStudent(value: unknown): value is Student {
  return typeof (value as Partial<Student> | null)?.portable === 'function';
}

/** Whether a value is a tfjs LayersModel. Its methods decide, because two copies of tfjs have two classes. */
export function isLayersModel(value: unknown): value is LayersModel {
  const model = value as Partial<LayersModel> | null;
  return typeof model === 'object' && typeof model?.getWeights === 'function' && typeof model?.save === 'function';
}

export function isArtifacts(value: unknown): value is StudentArtifacts {
  const { modelTopology, weightSpecs } = (value ?? {}) as Partial<StudentArtifacts>;
  return typeof modelTopology === 'object' && modelTopology !== null && Array.isArray(weightSpecs);
}

/** A way to build a student from scratch. Each file of `zoo/` exports one. */
export interface StudentDesign {
  readonly design: string;
  build(tf: Tf, options: Readonly<Record<string, unknown>>, seed: number): LayersModel;
}

/** A student that is built, with seeded weights, when it is first trained. */
export function designedStudent(design: string, options: object): Student {
  return untrainedStudent(design, async () => ({
    kind: 'design',
    design,
    options: options as Readonly<Record<string, unknown>>,
  }));
}

/** A student that is `first` until it is trained. */
export function untrainedStudent(name: string, first: () => Promise<PortableStudent>): Student {
  let artifacts: StudentArtifacts | undefined;
  return {
    name,
    get artifacts() {
      return artifacts;
    },
    portable: async () => (artifacts === undefined ? first() : { kind: 'artifacts', artifacts }),
    adopt: async (trained) => {
      artifacts = trained;
    },
  };
}

/** A student from saved bytes, such as `artifactsFromFiles` gives. */
export function studentFromArtifacts(name: string, saved: StudentArtifacts): Student {
  const student = designedStudent(name, {});
  void student.adopt(saved);
  return student;
}

/** The number of weights, trainable or not. */
export function parameterCount({ weightSpecs }: StudentArtifacts): number {
  return weightSpecs.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
}
