// What stands around an example: the free names that docstrings and the README may use without saying where they come
// from. Nothing runs it; `readme.test.ts` imports its types. Keep it small: a reader must guess every name.
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type {
  Dataset,
  DistillOptions,
  ImageLike,
  LabelledDataset,
  Loss,
  Patch,
  Store,
  Student,
  Teacher,
  Trainer,
} from '../../src/index.ts';

export declare const url: string;
export declare const teacher: Teacher;
export declare const student: Student;
export declare const trainer: Trainer;
export declare const data: Dataset;
export declare const labelled: LabelledDataset;
export declare const holdout: LabelledDataset;
export declare const options: DistillOptions;
export declare const files: readonly ImageLike[];
export declare const pixels: Float32Array;
export declare const model: LayersModel;
export declare const x: Tensor;
export declare const y: Tensor;
export declare const patch: Patch;
export declare const store: Store;
export declare const controller: AbortController;
export declare const bytes: Uint8Array<ArrayBuffer>;
export declare const labels: readonly number[];
export declare const digitIndices: readonly number[];
export declare function myLoss(options: object): Loss;
export declare function show(...values: unknown[]): void;
export declare function save(...values: unknown[]): void;
export declare function askForData(): void;
