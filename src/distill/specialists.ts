import { LimbeckError } from '../core/errors.ts';
import { checkKnownOptions, checkPositive } from '../core/options.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { type OptionsOf, positive, schema, text } from '../core/schema.ts';
import { uncertaintyWeighted } from '../losses/combination/uncertaintyWeighted.ts';
import { weighted } from '../losses/combination/weighted.ts';
import { featureAlign } from '../losses/feature/featureAlign.ts';
import type { Loss } from '../losses/loss.ts';
import { softCrossEntropy } from '../losses/response/softCrossEntropy.ts';
import { ensemble } from '../teacher/ensemble.ts';
import { readAsLogits } from '../teacher/readAsLogits.ts';
import type { Teacher } from '../teacher/teacher.ts';

/** One task: who knows it, and which of the student's outputs is for it. */
export interface Specialist {
  readonly teacher: Teacher;
  /** The student's output for this task, of as many classes as the teacher's. */
  readonly output: string;
  /** What the teacher answers it with. Default 'logits'. */
  readonly teacherOutput?: string;
  /** Softens the targets; above 0. Default 4. */
  readonly temperature?: number;
  /** A feature of the teacher that the student's own shall point to, seen through an adaptor. Default: none. */
  readonly features?: string;
}

const OPTIONS = schema('specialists', {
  /** The student's output or layer that is held against the teachers' `features`; needed where there are any. */
  features: text(),
  /** λ, the weight of all features where that of the tasks is 1; above 0. Default 1 (KD4MTL: 1, 1 and 2). */
  weight: positive(1),
});

/** What the student's tasks share. */
export interface SpecialistsOptions extends OptionsOf<typeof OPTIONS> {}

/** What `distill` is given: all specialists as one teacher, and what the student learns of them. */
export interface Specialists {
  readonly teacher: Teacher;
  readonly loss: Loss;
}

const OF_TASK = ['teacher', 'output', 'teacherOutput', 'temperature', 'features'];

/**
 * Enhancement: one student of several tasks, each known by a teacher that knows only that (KD4MTL). The student has an
 * output for each task; how much each counts is learned (uncertainty weights), so that no task needs a weight of its own.
 * Where teachers give features, those that the student's tasks share are brought to point the same way.
 * All specialists see the same examples. Labels are not needed.
 * Shapes    the student's output and the teacher's of a task [B, C], each task with classes of its own
 * Units     logits
 * Throws    invalid-option · by `distill`: class-mismatch, unknown-output, shape-mismatch
 * Source    Li, Bilen 2020, eq. 3 and 4, arXiv:2007.06889 · Kendall, Gal, Cipolla 2018, §3, arXiv:1705.07115
 * Differs   KD4MTL learns the tasks from labels and their weights are given; here the tasks are learned from the teachers'
 *           answers, by soft cross-entropy, which does not fall to 0 as `softTargets` does: a loss at 0 has no best weight
 * @example
 * import { tf } from 'limbeck/tfjs';
 *
 * const letters = await loadTeacher('/models/letters.onnx').done;
 * const image = tf.input({ shape: [28, 28, 1] });
 * const flat = tf.layers.flatten().apply(image);
 * const shared = tf.layers.dense({ units: 64, activation: 'relu', name: 'shared' }).apply(flat);
 * const heads = [10, 26].map((units, i) => tf.layers.dense({ units, name: `task_${i}` }).apply(shared));
 * const student = tf.model({ inputs: image, outputs: heads as tf.SymbolicTensor[] });
 * const tasks = [{ teacher, output: 'task_0' }, { teacher: letters, output: 'task_1' }];
 * await distill({ ...specialists(tasks), student, data }).done;
 */
export function specialists(tasks: readonly Specialist[], options: SpecialistsOptions = {}): Specialists {
  const { features, weight } = OPTIONS.read(options);
  checkTasks(tasks, features);
  const ofTasks = tasks.map(({ output, teacherOutput = DEFAULT_OUTPUT, temperature = 4 }, k) =>
    softCrossEntropy({ output, teacherOutput: `${teacherOutput}@${k}`, temperature }),
  );
  const loss = uncertaintyWeighted(ofTasks);
  const teacher = ensemble(
    tasks.map(({ teacher: one, teacherOutput = DEFAULT_OUTPUT }) => readAsLogits(one, [teacherOutput])),
    { mean: 'losses', name: `specialists ${tasks.map((task) => task.teacher.description.name).join(', ')}` },
  );
  if (features === undefined) return { teacher, loss };
  const aligned = tasks.flatMap((task, k) => (task.features === undefined ? [] : [`${task.features}@${k}`]));
  const terms = [
    { loss, weight: 1 },
    { loss: featureAlign({ output: features, teacherOutputs: aligned }), weight },
  ];
  return { teacher, loss: weighted(terms) };
}

/** Throws    invalid-option */
function checkTasks(tasks: readonly Specialist[], ofStudent: string | undefined): void {
  if (!Array.isArray(tasks) || tasks.length === 0) {
    throw new LimbeckError('invalid-option', 'specialists needs a list of tasks: [{ teacher, output }, …].');
  }
  for (const [k, task] of tasks.entries()) {
    checkKnownOptions(task, OF_TASK, `task ${k} of specialists`);
    if (typeof task.teacher?.ask !== 'function' || typeof task.output !== 'string' || task.output === '') {
      throw new LimbeckError(
        'invalid-option',
        `Task ${k} of specialists needs a teacher and the student's output: { teacher, output: 'digit' }.`,
      );
    }
    if (task.temperature !== undefined) checkPositive(task.temperature, `temperature of task ${k}`);
  }
  if (new Set(tasks.map(({ output }) => output)).size < tasks.length) {
    throw new LimbeckError('invalid-option', 'Two tasks of specialists name one output; each needs one of its own.');
  }
  if (tasks.some(({ features }) => features !== undefined) === (ofStudent !== undefined)) return;
  throw new LimbeckError(
    'invalid-option',
    'specialists was given "features" of the student or of a teacher, and not of the other. Name both or none.',
  );
}
