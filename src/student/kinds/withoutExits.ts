import type { LayersModel } from '@tensorflow/tfjs-layers';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import type { Student } from '../student.ts';
import { towerOf } from './towerOf.ts';

/**
 * A trained student without its exits: its only output is 'logits', and it is as small as before `withExits`.
 * Throws    student-invalid: not a student, or one without weights or without an output of that name
 * @example
 * const file = await toOnnx(await withoutExits(student));
 */
export async function withoutExits(student: Student | LayersModel): Promise<Student> {
  return towerOf(student, DEFAULT_OUTPUT);
}

/**
 * One branch of a trained student that `branched` made, counted from 0, as small as the student was before.
 * Throws    student-invalid: not a student, or one without weights or without that branch
 */
export async function branchOf(student: Student | LayersModel, branch: number): Promise<Student> {
  return towerOf(student, `${DEFAULT_OUTPUT}.${branch}`);
}
