// Several teachers: the setting's own, and a cnn that learned the labels there are from varied digits. So the students of
// these rows see varied digits too, and so does what they are held against.
import {
  assistantChain,
  cachedTeacher,
  confidenceWeighted,
  ensemble,
  entropyWeighted,
  type Loss,
  learnedTeachers,
  mlp,
  snapshot,
  softTargets,
  type Teacher,
} from 'limbeck';
import { SIDE } from './amounts.ts';
import { labelsAlone } from './baselines.ts';
import { common, type Method, row, withLabels } from './method.ts';
import { namedByTeacher } from './named.ts';
import { askEverything, type Setting } from './settings.ts';
import { studentOf } from './variant.ts';

const BOTH = ['logits@0', 'logits@1'];

const VARIANT = { varied: true } as const;
/** Seeds that no run of a row has. */
const SECOND_SEED = 1000;

/** A second teacher, which errs otherwise than the first: one for each draw of labels. */
function second(setting: Setting): Promise<Teacher> {
  return setting.once('second teacher', async () => {
    const student = await labelsAlone(setting, SECOND_SEED + setting.seed, { ...VARIANT, student: 'cnn' });
    const teacher = cachedTeacher(await snapshot(student, { threads: 1 }), setting.store, {
      version: crypto.randomUUID(),
    });
    await askEverything(teacher, setting);
    return teacher;
  });
}

async function together(setting: Setting, mean: 'logits' | 'probs' | 'losses'): Promise<Teacher> {
  return ensemble([setting.teacher, await second(setting)], { mean, outputs: ['logits'] });
}

const more = { ...VARIANT, teacher: 'two: the setting’s and a cnn', addsTo: 'softTargets, varied digits' };

function averaged(mean: 'logits' | 'probs'): Method {
  return row(
    'multi-teacher',
    `ensemble, mean of ${mean}`,
    async (setting) => ({ teacher: await together(setting, mean), loss: withLabels(setting, softTargets()) }),
    more,
  );
}

function weighing(name: string, loss: (setting: Setting) => Loss): Method {
  return row(
    'multi-teacher',
    name,
    async (setting) => ({ teacher: await together(setting, 'losses'), loss: withLabels(setting, loss(setting)) }),
    more,
  );
}

export const multiTeacher: readonly Method[] = [
  averaged('logits'),
  averaged('probs'),
  row(
    'multi-teacher',
    'ensemble, mean of losses',
    async (setting) => ({
      teacher: await together(setting, 'losses'),
      loss: withLabels(
        setting,
        ...BOTH.map((teacherOutput) => [softTargets({ teacherOutput }), 0.5] as [Loss, number]),
      ),
    }),
    more,
  ),
  weighing('entropyWeighted', () => entropyWeighted({ teacherOutputs: BOTH })),
  weighing('learnedTeachers', ({ features }) => learnedTeachers({ teacherOutputs: BOTH, features: features.output })),
  row(
    'multi-teacher',
    'confidenceWeighted',
    async (setting) => ({
      data: await namedByTeacher(setting),
      teacher: await together(setting, 'losses'),
      loss: withLabels({ ...setting, labelWeight: 0.3 }, confidenceWeighted({ teacherOutputs: BOTH })),
    }),
    more,
  ),
  {
    name: 'assistantChain',
    kind: 'multi-teacher',
    settings: ['few', 'all'],
    student: 'mlp 32',
    addsTo: (of) => (of === 'few' ? 'softTargets' : 'softTargets, mlp 32'),
    teacher: 'the setting’s, then an mlp',
    async run(setting, seed) {
      const { name, teacher, data, epochs } = setting;
      const chain = assistantChain({
        teacher,
        assistants: [mlp({ inputShape: [SIDE, SIDE, 1], hidden: name === 'few' ? [400, 200] : [256, 128] })],
        student: studentOf(name, { student: 'mlp 32' }),
        data,
        loss: withLabels(setting, softTargets()),
        epochs,
        snapshots: { threads: 1 },
        ...common(setting, seed),
      });
      return (await chain.done).student;
    },
  },
];
