import type { Loss, LossShapes } from '../losses/loss.ts';
import { type KnownLosses, reviveLoss } from '../losses/revive.ts';
import type * as tf from '../runtime/tf.ts';
import { type TappedStudent, tapStudent } from '../student/taps.ts';
import type { TrainJob } from './engine.ts';
import { openBalance } from './openBalance.ts';
import { channelsLastShapes, openLoss } from './openLoss.ts';
import { answersOf } from './selfTeacher.ts';
import { answerShapes } from './selfTeachers/askStudent.ts';

/** The loss of a run, with what it learns and what balances its terms, and the student as it reads it. */
export function openJobLoss(job: TrainJob, model: tf.LayersModel, known: KnownLosses) {
  const revived = reviveLoss(job.loss, known);
  const balance = job.balance && openBalance(revived, job.balance);
  const student = tapStudent(model, revived.reads.student);
  const self = job.selfTeacher && answerShapes(model, answersOf(job.selfTeacher));
  const loss = openLossFor(job, balance?.loss ?? revived, student, { ...job.teacherShapes, ...self });
  return { student, loss, balance };
}

/** Throws what the loss says of the shapes. */
export function openLossFor(
  { batchSize, size, channelsFirst, seed }: TrainJob,
  loss: Loss,
  student: TappedStudent,
  teacher: LossShapes['teacher'],
) {
  return openLoss(loss, {
    shapes: {
      student: student.outputs,
      teacher: channelsLastShapes(teacher, channelsFirst),
      batchSize: Math.min(batchSize, size),
      examples: size,
    },
    ...(channelsFirst && { channelsFirst }),
    seed,
  });
}
