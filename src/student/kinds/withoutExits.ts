import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { artifactsFrom } from '../artifacts.ts';
import { artifactsOf } from '../layersModel.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts } from '../student.ts';

/**
 * A trained student without its exits: its only output is 'logits', and it is as small as before `withExits`.
 * Throws    student-invalid: not a student, or one without weights or without an output of that name
 * @example
 * const file = await toOnnx(await withoutExits(student));
 */
export async function withoutExits(student: Student | LayersModel): Promise<Student> {
  return onlyOutput(student, DEFAULT_OUTPUT);
}

/**
 * One branch of a trained student that `branched` made, counted from 0, as small as the student was before.
 * Throws    student-invalid: not a student, or one without weights or without that branch
 */
export async function branchOf(student: Student | LayersModel, branch: number): Promise<Student> {
  return onlyOutput(student, `${DEFAULT_OUTPUT}.${branch}`);
}

async function onlyOutput(student: Student | LayersModel, output: string): Promise<Student> {
  const artifacts = await artifactsFrom(student);
  return studentFromArtifacts(student.name, await keepOutput(artifacts, output));
}

/** The layers that lead to one output, with their weights. */
async function keepOutput(artifacts: StudentArtifacts, output: string): Promise<StudentArtifacts> {
  const [{ buildStudent, settleBackend }, tf] = await Promise.all([
    import('../build.ts'),
    import('../../runtime/tf.ts'),
  ]);
  await settleBackend(tf);
  const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  try {
    const at = model.outputNames.indexOf(output);
    const tensor = model.outputs[at];
    if (tensor === undefined) {
      throw new LimbeckError(
        'student-invalid',
        `The student "${model.name}" has no output "${output}"; it has ${model.outputNames.map((name) => `"${name}"`).join(', ')}.`,
        { details: { output, outputs: model.outputNames } },
      );
    }
    return await artifactsOf(tf.model({ inputs: model.inputs, outputs: tensor, name: model.name }));
  } finally {
    model.dispose();
  }
}
