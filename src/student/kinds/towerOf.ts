import type { LayersModel } from '@tensorflow/tfjs-layers';
import { artifactsFrom } from '../artifacts.ts';
import { type Student, studentFromArtifacts } from '../student.ts';
import { keepOutput } from './keepOutput.ts';

/**
 * The part of a trained student that leads to one of its outputs, which is then the only one, under the name 'logits'; inputs
 * that it does not need are gone. Of a `twoTower` 'queryVector' and 'candidateVectors' are towers, of an `autoencoder` 'code'
 * is the encoder.
 * Throws    student-invalid: not a student, or one without weights or without an output of that name
 * @example
 * const queries = await loadStudent(await towerOf(student, 'queryVector'));
 */
export async function towerOf(student: Student | LayersModel, output: string): Promise<Student> {
  const artifacts = await artifactsFrom(student);
  return studentFromArtifacts(student.name, await keepOutput(artifacts, output));
}
