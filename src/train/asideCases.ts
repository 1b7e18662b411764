// Predictions between the steps of a training. Only tests import this file.
import { expect } from 'vitest';
import type { NamedArrays } from '../core/shape.ts';
import type { PortableStudent } from '../student/student.ts';
import { bytesOf, type engineOn, holdout, problem, sourceOf } from './engineCases.ts';
import type { TrainJob, TrainSource } from './job.ts';

/** Asks for predictions between the steps of a training: they come at once, and neither changes the other. */
export async function expectUndisturbed(
  { engine, train }: ReturnType<typeof engineOn>,
  how: Partial<TrainJob>,
): Promise<void> {
  const other: PortableStudent = { kind: 'artifacts', artifacts: (await train({ epochs: 1, seed: 9 })).artifacts };
  const inputs = { input: holdout.inputs };
  const alone = await engine.predict(other, inputs);
  const undisturbed = await train({ ...how, epochs: 2 });
  const source = sourceOf(problem);
  const answers: Promise<NamedArrays>[] = [];
  let isOver = false;
  let early = 0;
  const read: TrainSource['read'] = async (indices) => {
    const answer = engine.predict(other, inputs);
    answer.then(() => isOver || early++);
    answers.push(answer);
    // The step gets its examples only after the prediction, which would deadlock if it waited for the training.
    await answer;
    return source.read(indices);
  };
  const disturbed = await train({ ...how, epochs: 2 }, { ...source, read });
  isOver = true;
  expect(early).toBe(answers.length);
  expect(early).toBeGreaterThan(4);
  for (const answer of answers) expect((await answer)['logits']?.data).toEqual(alone['logits']?.data);
  expect(bytesOf(disturbed.artifacts)).toEqual(bytesOf(undisturbed.artifacts));
}
