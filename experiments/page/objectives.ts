// What distillation is for, beside small students: black boxes, other domains, new classes, larger students, several skills.
import {
  blackBox,
  cachedTeacher,
  cnn,
  crossEntropy,
  ensemble,
  featureAlign,
  formerOutputs,
  loadTeacher,
  noisyStudent,
  type Student,
  softTargets,
  sourceFree,
  type Teacher,
  toOnnx,
  uncertaintyWeighted,
  weighted,
  withoutForgetting,
} from 'limbeck';
import { BATCH, VARIED } from './amounts.ts';
import { labelsAlone, students } from './baselines.ts';
import { noisy } from './crossModal.ts';
import { common, learned, type Method, row, withLabels } from './method.ts';
import { ofClasses } from './named.ts';
import { askEverything, type Setting } from './settings.ts';

/** Steps in which new classes are learned; with more the former ones go on being forgotten. */
const NEW_STEPS = 100;

/** A student of clear digits, of whom noisy ones are asked. */
const ofClearDigits = (setting: Setting, seed: number): Promise<Student> =>
  learned(setting, seed, { student: students.cnn(), loss: withLabels(setting, softTargets()) });

/** As the authors score: 0 to 7 are one task and 8 and 9 another, and it is known of which a digit is. */
const ofTask = (label: number): readonly [number, number] => (label < 8 ? [0, 8] : [8, 10]);

/** A student of the digits 0 to 7 learns 8 and 9 from examples of these alone. */
async function withNewClasses(setting: Setting, seed: number, weight: number): Promise<Student> {
  const known = await ofClasses(setting.labelled, 0, 8);
  const added = await ofClasses(setting.labelled, 8, 10);
  const student = await labelsAlone(setting, seed, { student: cnn({ classes: 8 }), data: known });
  const epochs = Math.ceil(NEW_STEPS / Math.ceil(added.size / BATCH));
  const grown = withoutForgetting({ student, data: added, classes: 10, weight, epochs, ...common(setting, seed) });
  return (await grown.done).student;
}

/** Two that know half of the digits each: those from 0 to 4, and those from 5 to 9. */
function specialists(setting: Setting): Promise<Teacher> {
  return setting.once('specialists', async () => {
    const both: Teacher[] = [];
    for (const first of [0, 5]) {
      const data = await ofClasses(setting.labelled, first, first + 5, first);
      const student = await labelsAlone(setting, 21 + first, { student: cnn({ classes: 5 }), data, augment: VARIED });
      const taps = [{ outputOf: 'dense', name: 'features' }];
      const specialist = await loadTeacher(await toOnnx(student), { taps, threads: setting.threads }).done;
      const kept = cachedTeacher(specialist, setting.store);
      await askEverything(kept, setting);
      both.push(kept);
    }
    return ensemble(both, { mean: 'losses', name: 'two specialists' });
  });
}

export const objectives: readonly Method[] = [
  {
    name: 'blackBox',
    kind: 'adaptation',
    settings: ['few', 'all'],
    async run(setting, seed) {
      const { teacher, unlabelled, epochs } = setting;
      const rounds = Math.ceil(epochs / 2);
      const student = setting.student();
      const run = blackBox({ teacher, student, data: unlabelled, rounds, ...common(setting, seed) });
      return (await run.done).student;
    },
  },
  {
    name: 'not adapted to noisy digits',
    kind: 'baseline',
    settings: ['few', 'all'],
    holdout: ({ holdout }) => noisy(holdout),
    run: ofClearDigits,
  },
  {
    name: 'sourceFree, noisy digits',
    kind: 'adaptation',
    settings: ['few', 'all'],
    baseline: 'not adapted to noisy digits',
    teacher: 'itself',
    holdout: ({ holdout }) => noisy(holdout),
    async run(setting, seed) {
      const student = await ofClearDigits(setting, seed);
      const data = noisy(setting.unlabelled);
      return (await sourceFree({ student, data, rounds: 4, ...common(setting, seed) }).done).student;
    },
  },
  {
    name: 'new classes, former ones forgotten',
    kind: 'baseline',
    settings: ['few', 'all'],
    teacher: 'none',
    among: ofTask,
    run: (setting, seed) => withNewClasses(setting, seed, 0),
  },
  {
    name: 'withoutForgetting',
    kind: 'adaptation',
    settings: ['few', 'all'],
    baseline: 'new classes, former ones forgotten',
    teacher: 'what it was',
    among: ofTask,
    run: (setting, seed) => withNewClasses(setting, seed, 1),
  },
  {
    name: 'noisyStudent',
    kind: 'expansion',
    settings: ['few'],
    baseline: 'labels alone, varied digits',
    async run(setting, seed) {
      const { teacher, labelled, unlabelled } = setting;
      const run = noisyStudent({
        labelled,
        unlabelled,
        teacher,
        student: () => setting.student(),
        generations: 2,
        epochs: 3,
        augment: VARIED,
        ...common(setting, seed),
      });
      return (await run.done).student;
    },
  },
  row(
    'enhancement',
    'uncertaintyWeighted + featureAlign, two specialists',
    async (setting) => ({
      teacher: await specialists(setting),
      loss: uncertaintyWeighted([
        formerOutputs({ classes: [0, 5], teacherOutput: 'logits@0' }),
        formerOutputs({ classes: [5, 10], teacherOutput: 'logits@1' }),
        featureAlign({ output: setting.features.output, teacherOutputs: ['features@0', 'features@1'] }),
        weighted([{ loss: crossEntropy(), weight: 1 / setting.labelShare }]),
      ]),
    }),
    { teacher: 'two cnns, one of 0 to 4, one of 5 to 9' },
  ),
];
