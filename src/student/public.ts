// What the package exports of this folder.

export type { StudentSource } from './artifacts.ts';
export * from './designs.ts';
export type { Bundle, BundleFile, BundleManifest } from './files/bundle.ts';
export { artifactsFromFiles, type StudentFiles, type TfjsFiles, toFiles } from './files/files.ts';
export { type ReadBundleOptions, readBundle } from './files/readBundle.ts';
export { fromOnnx } from './fromOnnx.ts';
export type { FromOnnxOptions } from './fromOnnxOptions.ts';
export { type FromSafetensorsOptions, fromSafetensors } from './fromSafetensors.ts';
export { type AnswerEarlyOptions, answerEarly, type EarlyAnswers } from './kinds/answerEarly.ts';
export { type BranchedOptions, branched } from './kinds/branched.ts';
export { type Cohort, type CohortOptions, cohort } from './kinds/cohort.ts';
export { towerOf } from './kinds/towerOf.ts';
export { type WithExitsOptions, withExits } from './kinds/withExits.ts';
export { branchOf, withoutExits } from './kinds/withoutExits.ts';
export { studentFromModel } from './layersModel.ts';
export {
  applyPatch,
  isPatched,
  type PatchedStudent,
  recognizePatched,
  revertPatch,
} from './patch/applyPatch.ts';
export { baseHash } from './patch/baseHash.ts';
export { type DiffPatchOptions, diffPatch } from './patch/diffPatch.ts';
export { type MergePatchesOptions, mergePatches, type WeightedPatch } from './patch/mergePatches.ts';
export {
  type AddedChange,
  isEmptyPatch,
  type LowRankChange,
  type NeighbourMemory,
  type Patch,
  type WeightChange,
} from './patch/patch.ts';
export { type PatchFileOptions, patchBytes, patchFromBytes, patchToBytes } from './patch/patchFile.ts';
