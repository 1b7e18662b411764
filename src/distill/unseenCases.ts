// How well a student of the small problem does on unseen points, and a teacher that knows nothing.
// Only tests import this file.
import { seededRandom } from '../core/random.ts';
import { argMax } from '../core/stats.ts';
import type { Loss } from '../losses/loss.ts';
import type { Student } from '../student/student.ts';
import type { Trainer } from '../train/trainer.ts';
import { CLASSES, labelsOf, makeTeacher, points } from './distillCases.ts';

/** More points than are held out, so that a few do not decide. */
export const unseen = points(200, 77);

export async function accuracyOf(trainer: Trainer, student: Student, output = 'logits'): Promise<number> {
  const { [output]: logits } = await trainer.predict(student, { input: unseen });
  const truth = labelsOf(unseen);
  return truth.filter((label, i) => argMax(logits?.data ?? [], i * CLASSES, CLASSES) === label).length / truth.length;
}

/** Gives answers unrelated to the examples. */
export function noiseTeacher() {
  const random = seededRandom(5);
  return makeTeacher(({ shape: [count = 0] }) => ({
    logits: { data: Float32Array.from({ length: count * CLASSES }, () => 8 * random() - 4), shape: [count, CLASSES] },
  })).teacher;
}

/** The loss with noise instead of one of its inputs. */
export function withNoise(loss: Loss, side: 'student' | 'teacher', output: string): Loss {
  let seed = 1;
  return {
    ...loss,
    isStatic: false,
    compute(tfjs, tensors) {
      const { shape = [] } = tensors[side][output] ?? {};
      const noise = tfjs.randomNormal(shape, 0, 4, 'float32', seed++);
      return loss.compute(tfjs, { ...tensors, [side]: { ...tensors[side], [output]: noise } });
    },
  };
}

/** A custom loss stays on this thread under its own name. */
export const own = (loss: Loss): Loss => ({ ...loss, name: `noisy ${loss.name}` });
export const noisy = (...given: Parameters<typeof withNoise>) => own(withNoise(...given));
