// The student as its own teacher.
import {
  bornAgain,
  classWise,
  crossEntropy,
  earlyExits,
  type Loss,
  labelSmoothing,
  progressiveTargets,
  type Student,
  softTargets,
  teacherFree,
  weighted,
  withExits,
} from 'limbeck';
import { common, type Method, row, withLabels } from './method.ts';
import { namedByTeacher } from './named.ts';

/** From labels alone. */
function own(name: string, loss: () => Loss): Method {
  return row('self', name, ({ labelled }) => ({ teacher: undefined, data: labelled, loss: loss() }), {
    teacher: 'itself',
  });
}

export const self: readonly Method[] = [
  own('labelSmoothing', () => labelSmoothing()),
  own('teacherFree', () =>
    weighted([
      { loss: teacherFree(), weight: 0.1 },
      { loss: crossEntropy(), weight: 0.9 },
    ]),
  ),
  own('classWise', () =>
    weighted([
      { loss: classWise(), weight: 1 },
      { loss: crossEntropy(), weight: 1 },
    ]),
  ),
  // 200 labels that are right need no softening; the classes that a teacher names do.
  row(
    'self',
    'progressiveTargets',
    async (setting) => {
      const data = await namedByTeacher(setting);
      return { teacher: undefined, data, loss: progressiveTargets(), selfTeacher: { kind: 'past' } };
    },
    { teacher: 'itself; in few on classes that the text reader names' },
  ),
  row('self', 'withExits + earlyExits', (setting) => {
    const { name, teacher } = setting;
    const student = withExits(setting.student(), { at: name === 'few' ? ['pool_1', 'pool_2'] : ['dense_1'] });
    if (name === 'all') return { student, teacher: undefined, loss: earlyExits({ exits: 1 }) };
    return { student, teacher, loss: withLabels(setting, earlyExits({ exits: 2, from: 'teacher' })) };
  }),
  {
    name: 'bornAgain',
    kind: 'self',
    settings: ['few', 'all'],
    async run(setting, seed) {
      const { name, teacher, data, epochs } = setting;
      const few = { teacher, loss: withLabels(setting, softTargets()) };
      const run = bornAgain({
        student: () => setting.student(),
        generations: 2,
        data,
        epochs,
        snapshots: { threads: 1 },
        ...(name === 'few' && few),
        ...common(setting, seed),
      });
      return (await run.done).students.at(-1) as Student;
    },
  },
];
