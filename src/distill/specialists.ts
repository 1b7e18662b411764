import { LimbeckError } from '../core/errors.ts';
import { given, type OptionsOf, positive, type Read, required, schema, text } from '../core/schema.ts';
import { uncertaintyWeighted } from '../losses/combination/uncertaintyWeighted.ts';
import { weighted } from '../losses/combination/weighted.ts';
import { featureAlign } from '../losses/feature/featureAlign.ts';
import type { Loss } from '../losses/loss.ts';
import { softCrossEntropy } from '../losses/response/softCrossEntropy.ts';
import { ensemble } from '../teacher/ensemble.ts';
import { readAsLogits } from '../teacher/readAsLogits.ts';
import type { Teacher } from '../teacher/teacher.ts';

const TASK = schema('A task of specialists', {
  /** The teacher that knows the task. */
  teacher: required(given<Teacher>()),
  /** The student's output for this task, of as many classes as the teacher's. */
  output: required(given<string>()),
  /** The teacher's output for it. Default 'logits'. */
  teacherOutput: text('logits'),
  /** Softens the targets; above 0. Default 4. */
  temperature: positive(4),
  /** A teacher feature that the student's feature should align with, through an adaptor. Default: none. */
  features: text(),
});

/** One task: its teacher, and the student's output for it. */
export interface Specialist extends OptionsOf<typeof TASK> {}

const OPTIONS = schema('specialists', {
  /** The student's output or layer to compare with the teachers' `features`; needed if there are any. */
  features: text(),
  /** λ, the weight of all features if the tasks weigh 1; above 0. Default 1 (KD4MTL: 1, 1 and 2). */
  weight: positive(1),
});

/** What the student's tasks share. */
export interface SpecialistsOptions extends OptionsOf<typeof OPTIONS> {}

/** Options for `distill`: all specialists as one teacher, and the loss. */
export interface Specialists {
  readonly teacher: Teacher;
  readonly loss: Loss;
}

/**
 * One student for several tasks, each with its own specialist teacher (KD4MTL). The student has an output for each task; the
 * weights of the tasks are learned (uncertainty weights). If teachers give features, the student's shared features are
 * aligned with them. All specialists see the same examples. Labels are not needed.
 * Shapes    the student's output and the teacher's of a task [B, C], each task with classes of its own
 * Units     logits
 * Throws    invalid-option · by `distill`: class-mismatch, unknown-output, shape-mismatch
 * Source    Li, Bilen 2020, eq. 3 and 4, arXiv:2007.06889 · Kendall, Gal, Cipolla 2018, §3, arXiv:1705.07115
 * Differs   KD4MTL learns the tasks from labels with given weights; here the tasks are learned from the teachers'
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
  const all = readTasks(tasks, features);
  const ofTasks = all.map(({ output, teacherOutput, temperature }, k) =>
    softCrossEntropy({ output, teacherOutput: `${teacherOutput}@${k}`, temperature }),
  );
  const loss = uncertaintyWeighted(ofTasks);
  const teacher = ensemble(
    all.map(({ teacher: one, teacherOutput }) => readAsLogits(one, [teacherOutput])),
    { mean: 'losses', name: `specialists ${all.map((task) => task.teacher.description.name).join(', ')}` },
  );
  if (features === undefined) return { teacher, loss };
  const aligned = all.flatMap((task, k) => (task.features === undefined ? [] : [`${task.features}@${k}`]));
  const terms = [
    { loss, weight: 1 },
    { loss: featureAlign({ output: features, teacherOutputs: aligned }), weight },
  ];
  return { teacher, loss: weighted(terms) };
}

/** Throws    invalid-option */
function readTasks(list: readonly Specialist[], ofStudent: string | undefined): Read<typeof TASK>[] {
  if (!Array.isArray(list) || list.length === 0) {
    throw new LimbeckError('invalid-option', 'specialists needs a list of tasks: [{ teacher, output }, …].');
  }
  const tasks = list.map((task) => TASK.read(task));
  for (const [k, task] of tasks.entries()) {
    if (typeof task.teacher?.ask !== 'function' || typeof task.output !== 'string' || task.output === '') {
      throw new LimbeckError(
        'invalid-option',
        `Task ${k} of specialists needs a teacher and the student's output: { teacher, output: 'digit' }.`,
      );
    }
  }
  if (new Set(tasks.map(({ output }) => output)).size < tasks.length) {
    throw new LimbeckError('invalid-option', 'Two tasks of specialists name one output; each needs one of its own.');
  }
  if (tasks.some(({ features }) => features !== undefined) === (ofStudent !== undefined)) return tasks;
  throw new LimbeckError(
    'invalid-option',
    'specialists was given "features" of the student or of a teacher, but not of both. Name both or none.',
  );
}
