import * as tf from '../../../runtime/tf.ts';
import { buildStudent } from '../../../student/build.ts';
import type { TrainJob } from '../../job.ts';
import { asker, type SelfTeacher } from './askStudent.ts';
import { DECAY, type MeanTeacherOptions } from './selfTeacher.ts';

/**
 * Mean Teacher: a second copy of the student's weights and batch statistics, which moves a little towards the student after
 * each step. It answers each batch right before the student learns it, with one more forward pass.
 * Shapes    none of its own
 * Units     none
 * Throws    unknown-output: an answer that the student does not have
 * Source    Tarvainen, Valpola 2017, §2, arXiv:1703.01780; CuriousAI/mean-teacher (update_ema_variables)
 * Differs   the authors' average leaves batch statistics to the teacher's own passes; ours answers as in inference
 */
export async function openMeanTeacher(
  job: Pick<TrainJob, 'student' | 'seed'>,
  model: tf.LayersModel,
  answers: Readonly<Record<string, string>>,
  { decay = DECAY }: MeanTeacherOptions,
): Promise<SelfTeacher> {
  const mean = await buildStudent(job.student, job.seed);
  try {
    mean.setWeights(model.getWeights());
    const ask = asker(mean, answers);
    const pairs = mean.weights.map((weight, i) => ({
      average: weight.read() as tf.Variable,
      own: model.weights[i]?.read() as tf.Tensor,
    }));
    return {
      answer: ask,
      afterStep(step) {
        const kept = Math.min(1 - 1 / (step + 1), decay);
        tf.tidy(() => {
          for (const { average, own } of pairs) average.assign(tf.add(tf.mul(average, kept), tf.mul(own, 1 - kept)));
        });
      },
      afterEpoch: async () => undefined,
      [Symbol.dispose]: () => void mean.dispose(),
    };
  } catch (error) {
    mean.dispose();
    throw error;
  }
}
