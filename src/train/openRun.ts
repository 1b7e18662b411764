import type { Loss, LossShapes } from '../losses/loss.ts';
import { type TappedStudent, tapStudent } from '../student/taps.ts';
import type { TrainJob } from './job.ts';
import { channelsLastShapes, openLoss } from './openLoss.ts';
import { openParts } from './parts/open.ts';
import type { Part, PartContext } from './parts/part.ts';

/**
 * Opens the parts of a run, its loss as the parts change it, and the student as the loss reads it.
 * Throws what parts and loss throw for the job; then nothing stays open.
 */
export async function openRun(context: PartContext) {
  const { job, model } = context;
  const opened = await openParts(context);
  const parts = opened.all;
  try {
    const wanted = lossWith(parts, context.loss);
    const student = tapStudent(model, wanted.reads.student);
    const shapes = Object.assign({ ...job.teacherShapes }, ...parts.map(({ answers }) => answers));
    const loss = openLossFor(job, wanted, student, shapes);
    const end = async () => {
      loss[Symbol.dispose]();
      await opened[Symbol.asyncDispose]();
    };
    return { parts, student, loss, [Symbol.asyncDispose]: end };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

/** What a run trains with: its own loss, or one that a part puts in its place. */
export function lossWith(parts: readonly Part[], own: Loss): Loss {
  return parts.find(({ loss }) => loss !== undefined)?.loss ?? own;
}

/** Throws what the loss throws for the shapes. */
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
