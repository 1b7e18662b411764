import { throwIfAborted } from '../../../core/errors.ts';
import type { OpenPart } from '../part.ts';
import { answerShapes } from './askStudent.ts';
import { openMeanTeacher } from './mean.ts';
import { openPastTeacher } from './past.ts';
import { answersOf } from './selfTeacher.ts';

/** Adds the answers of a self teacher to each batch. It sees unaugmented examples. */
export const openSelfTeacher: OpenPart = async ({ job, model, source }) => {
  const { selfTeacher } = job;
  if (selfTeacher === undefined) return undefined;
  const answers = answersOf(selfTeacher);
  const shapes = answerShapes(model, answers);
  const teacher = await (selfTeacher.kind === 'mean'
    ? openMeanTeacher(job, model, answers, selfTeacher)
    : openPastTeacher(job, model, answers));
  return {
    answers: shapes,
    async complete(batch, { indices }) {
      const own = await teacher.answer(batch.asTheyAre ?? batch.inputs, indices);
      return { ...batch, teacher: { ...batch.teacher, ...own } };
    },
    afterStep: ({ step }) => teacher.afterStep(step + 1),
    async afterEpoch(epoch, { signal }) {
      await teacher.afterEpoch(epoch, async (indices) => {
        throwIfAborted(signal);
        return source?.readInputs(indices) ?? {};
      });
      return undefined;
    },
    end: () => teacher[Symbol.dispose](),
  };
};
