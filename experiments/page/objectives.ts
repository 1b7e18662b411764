// What distillation is for, besides small students: black boxes, other domains, new classes, larger students, several skills.
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
} from 'limbeck';
import { VARIED } from './amounts.ts';
import { labelsAlone } from './baselines.ts';
import { common, learned, type Method, row, withLabels } from './method.ts';
import { ofClasses } from './named.ts';
import { newClasses } from './newClasses.ts';
import { askEverything, type Setting } from './settings.ts';
import { seen, seenHeldOut } from './variant.ts';

/** A student of clear digits, of whom noisy ones are asked. */
const ofClearDigits = (setting: Setting, seed: number): Promise<Student> =>
  learned(setting, seed, { loss: withLabels(setting, softTargets()) }, { student: 'cnn' });

const inNoise = ({ holdout }: Setting) => seenHeldOut('noisy digits', holdout);

/** Seeds that no run of a row has. */
const SPECIALIST_SEED = 2000;

/** Two that know half of the digits each: those from 0 to 4, and those from 5 to 9. They learned varied ones. */
function specialists(setting: Setting): Promise<Teacher> {
  return setting.once('specialists', async () => {
    const both: Teacher[] = [];
    for (const first of [0, 5]) {
      const data = await ofClasses(setting.labelled, first, first + 5, first);
      const seed = SPECIALIST_SEED + 10 * setting.seed + first;
      const student = await labelsAlone(setting, seed, { varied: true }, { student: cnn({ classes: 5 }), data });
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
    student: 'cnn',
    settings: ['few', 'all'],
    holdout: inNoise,
    run: ofClearDigits,
  },
  {
    name: 'sourceFree, noisy digits',
    kind: 'adaptation',
    student: 'cnn',
    settings: ['few', 'all'],
    baseline: 'not adapted to noisy digits',
    teacher: 'itself',
    holdout: inNoise,
    async run(setting, seed) {
      const student = await ofClearDigits(setting, seed);
      const data = seen('noisy digits', setting.unlabelled, seed);
      return (await sourceFree({ student, data, rounds: 4, ...common(setting, seed) }).done).student;
    },
  },
  ...newClasses,
  {
    name: 'noisyStudent',
    kind: 'expansion',
    settings: ['few'],
    varied: true,
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
    { varied: true, teacher: 'two cnns, one of 0 to 4, one of 5 to 9' },
  ),
];
