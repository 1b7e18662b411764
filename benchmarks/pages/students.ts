import type { Student } from '../../src/student/student.ts';
import { cnn } from '../../src/student/zoo/cnn.ts';
import { dsCnn } from '../../src/student/zoo/dsCnn.ts';
import { mlp } from '../../src/student/zoo/mlp.ts';
import { mobilenetV1 } from '../../src/student/zoo/mobilenetV1.ts';
import { resnet8 } from '../../src/student/zoo/resnet8.ts';
import { transformerTiny } from '../../src/student/zoo/transformerTiny.ts';

export interface ReferenceStudent {
  readonly make: () => Student;
  readonly shape: readonly number[];
  readonly batch: number;
  readonly classes: number;
  /** Of token students: how many different tokens there are. */
  readonly vocabulary?: number;
}

/** The reference students, as `benchmarks/torchSteps.py` has them in PyTorch. */
export const referenceStudents: Readonly<Record<string, ReferenceStudent>> = {
  mlp: { make: () => mlp(), shape: [784], batch: 64, classes: 10 },
  cnn: { make: () => cnn(), shape: [28, 28, 1], batch: 64, classes: 10 },
  'ds-cnn': { make: () => dsCnn(), shape: [49, 10, 1], batch: 64, classes: 12 },
  resnet8: { make: () => resnet8(), shape: [32, 32, 3], batch: 32, classes: 10 },
  'mobilenet-v1-0.25': { make: () => mobilenetV1(), shape: [96, 96, 3], batch: 16, classes: 2 },
  'transformer-tiny': { make: () => transformerTiny(), shape: [64], batch: 16, classes: 10, vocabulary: 256 },
};
