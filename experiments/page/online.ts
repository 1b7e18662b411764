// Teachers that learn while they teach. In 'few' the setting's teacher is added: with 200 labels alone, students that
// agree with each other may agree on anything. In 'all' there is no other teacher.
import {
  branched,
  cohort,
  collaborative,
  consistency,
  crossEntropy,
  gatedBranches,
  type Loss,
  mutual,
  type Student,
  sigmoidRamp,
  softTargets,
  type WeightedTerm,
  weighted,
} from 'limbeck';
import type { SettingName } from './amounts.ts';
import { learned, type Method, row, withLabels } from './method.ts';
import type { Setting } from './settings.ts';

/** Two students of different starts; the first is scored. */
function peers(name: string, alone: () => Loss, besideTeacher: () => Loss): Method {
  return {
    name,
    kind: 'online',
    settings: ['few', 'all'],
    addsTo: besideTeacherOnly('softTargets'),
    async run(setting, seed) {
      const members = [setting.student(), setting.student()];
      const taught = ['logits.0', 'logits.1'].flatMap((output) => [
        { loss: softTargets({ output, teacherOutput: 'logits' }), weight: 1 },
        { loss: crossEntropy({ output }), weight: setting.labelWeight },
      ]);
      const loss = setting.name === 'all' ? alone() : weighted([{ loss: besideTeacher(), weight: 1 }, ...taught]);
      await learned(setting, seed, { student: cohort(members), loss, ...teacherFor(setting) });
      return members[0] as Student;
    },
  };
}

/** In 'all' there is nothing that it is added to. */
function besideTeacherOnly(name: string) {
  return (of: SettingName) => (of === 'few' ? name : undefined);
}

function teacherFor({ name, teacher }: Setting) {
  return { teacher: name === 'few' ? teacher : undefined };
}

export const online: readonly Method[] = [
  peers(
    'mutual',
    () => mutual(),
    () => mutual({ labels: false }),
  ),
  peers(
    'collaborative',
    () => collaborative(),
    () => collaborative({ labels: false }),
  ),
  row('online', 'branched + gatedBranches', (setting) => {
    const { name, labelShare } = setting;
    const student = branched(setting.student(), { at: name === 'few' ? 'pool_2' : 'dense_1', branches: 3 });
    // Its label terms are means over all examples, as those of cross-entropy are.
    const loss = gatedBranches({ branches: 3, weight: sigmoidRamp(labelShare) });
    const terms = [{ loss, weight: 1 / labelShare }];
    if (name === 'few') terms.push({ loss: softTargets(), weight: 1 });
    return { student, loss: weighted(terms), ...teacherFor(setting) };
  }),
  row(
    'online',
    'selfTeacher mean + consistency',
    (setting) => ({
      ...teacherFor(setting),
      selfTeacher: { kind: 'mean', decay: 0.99 },
      loss: withLabels(
        setting.name === 'few' ? setting : { ...setting, labelWeight: 1 },
        ...(setting.name === 'few' ? [softTargets()] : []),
        [consistency(), sigmoidRamp(10)] as [Loss, WeightedTerm['weight']],
      ),
    }),
    { varied: true, addsTo: besideTeacherOnly('softTargets, varied digits') },
  ),
];
