// How schemes end: done, cancelled in the middle, or by a loss that explodes.
import { describe, expect, test } from 'vitest';
import type { Run } from '../../core/run.ts';
import { fromArrays } from '../../data/arrays.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import * as tf from '../../runtime/tf.ts';
import type { Student } from '../../student/student.ts';
import {
  data,
  HERE,
  labelled,
  labelsOf,
  makeStudent,
  makeTeacher,
  points,
  watched,
  weightsOf,
} from '../distillCases.ts';
import type { RoundOptions } from '../roundOptions.ts';
import type { RoundEvent } from '../rounds.ts';
import { LEARN, oneTrainer } from '../trainerCases.ts';
import { assistantChain } from './assistantChain.ts';
import { blackBox } from './blackBox.ts';
import { bornAgain } from './bornAgain.ts';
import { graphTeacher } from './graphTeacher.ts';
import { noisyStudent } from './noisyStudent.ts';
import { added, expansion, formerly, graph, ofTwo, trained } from './schemesCases.ts';
import { sourceFree } from './sourceFree.ts';
import { withoutForgetting } from './withoutForgetting.ts';

const trainer = oneTrainer();

/** A scheme under way, and the students that it changes, as far as they are there. */
interface Started {
  readonly run: Run<unknown, RoundEvent | { readonly type: 'labels' | 'named' | 'graph' }>;
  readonly students: readonly Student[];
}

/** Makes a student for a scheme that asks for them, and remembers it. */
function maker(make: (n: number) => Student = makeStudent) {
  const students: Student[] = [];
  return {
    students,
    student: (n = 0) => {
      const student = make(n);
      students.push(student);
      return student;
    },
  };
}

const loss = softTargets({ temperature: 1 });
const snapshots = { worker: 'none' } as const;
const { teacher } = makeTeacher();
const { data: near, shape } = points(40, 31);
const local = fromArrays({ data: near, shape });
/** So large that even a student that is sure of all of it can explode. */
const far = fromArrays({ data: near.map((value) => 1e4 * value), shape });

const schemes: Record<string, (shared: RoundOptions, epochs: number) => Started | Promise<Started>> = {
  bornAgain(shared, epochs) {
    const { student, students } = maker();
    const run = bornAgain({ student, data: labelled, generations: 2, ensemble: true, snapshots, epochs, ...shared });
    return { run, students };
  },
  assistantChain(shared, epochs) {
    const [assistant, student] = [makeStudent(), makeStudent()];
    const run = assistantChain({ teacher, assistants: [assistant], student, data, loss, snapshots, epochs, ...shared });
    return { run, students: [assistant, student] };
  },
  noisyStudent(shared, epochs) {
    const { student, students } = maker(expansion.student);
    return { run: noisyStudent({ ...expansion, student, teacher, generations: 2, epochs, ...shared }), students };
  },
  blackBox(shared, rounds) {
    const student = makeStudent();
    return { run: blackBox({ teacher, student, data: local, rounds, ...shared }), students: [student] };
  },
  async sourceFree(shared, rounds) {
    const student = await trained(trainer(), labelsOf);
    return { run: sourceFree({ student, data: far, rounds, ...shared }), students: [student] };
  },
  async withoutForgetting(shared, epochs) {
    const student = await trained(trainer(), formerly, ofTwo());
    return { run: withoutForgetting({ student, data: added, classes: 4, epochs, ...shared }), students: [student] };
  },
  graphTeacher(shared, epochs) {
    const student = makeStudent();
    return { run: graphTeacher({ ...graph, student, epochs, ...shared }), students: [student] };
  },
};

const finite = (students: readonly Student[]) => students.every((one) => weightsOf(one).every(Number.isFinite));

describe.each(Object.keys(schemes))('%s', (name) => {
  const start = schemes[name] as (typeof schemes)[string];

  test('reports its rounds in order, and each event belongs to one', async () => {
    const { run } = await start({ trainer: trainer(), ...LEARN }, 2);
    const rounds: number[] = [];
    let told = 0;
    let last = 0;
    for await (const event of run) {
      if (event.type === 'round') {
        rounds.push(event.round);
        last = event.rounds;
        expect(event.student).toMatch(/\w/);
      }
      if ('round' in event && event.type === 'epoch') told = Math.max(told, event.round);
    }
    expect(rounds).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    expect(told).toBe(last);
    const result = (await run.done) as { readonly ensemble?: AsyncDisposable };
    await result.ensemble?.[Symbol.asyncDispose]();
  });

  test('stops when told to: students stay as the last step left them, and nothing stays open', async () => {
    const spy = watched(trainer());
    const before = (await trainer().memory()).tensors;
    const { run, students } = await start({ trainer: spy.trainer, ...LEARN }, 300);
    const iterate = async () => {
      for await (const event of run) if (event.type === 'epoch') run.cancel(new Error('enough'));
    };
    await expect(iterate()).rejects.toMatchObject({ name: 'AbortError' });
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError', message: 'The run was cancelled: enough.' });
    expect(students[0] && weightsOf(students[0]).length).toBeGreaterThan(0);
    expect(finite(students)).toBe(true);
    expect(spy.disposals()).toBe(0);
    expect((await trainer().memory()).tensors).toBe(before);
  });

  test('stops when the loss explodes, and keeps the student of the last finite step', async () => {
    const before = (await trainer().memory()).tensors;
    const wild = { trainer: trainer(), batchSize: 16, optimizer: { name: 'sgd', learningRate: 1e33 } } as const;
    const { run, students } = await start(wild, 20);
    await expect(run.done).rejects.toMatchObject({ name: 'LimbeckError', code: 'not-finite' });
    expect(students[0] && weightsOf(students[0]).length).toBeGreaterThan(0);
    expect(finite(students)).toBe(true);
    expect((await trainer().memory()).tensors).toBe(before);
  });

  test('closes a trainer that it opened, and refuses bad options before it starts', async () => {
    const before = tf.memory().numTensors;
    const { run } = await start({ trainer: HERE, ...LEARN }, 2);
    const result = (await run.done) as { readonly ensemble?: AsyncDisposable };
    await result.ensemble?.[Symbol.asyncDispose]();
    expect(tf.memory().numTensors).toBe(before);
    for (const wrong of [
      { batchSize: 0 },
      { seed: -1 },
      { optimizer: { learningRate: -1 } },
      { augment: { noise: -1 } },
    ]) {
      const spy = watched(trainer());
      const refused = await start({ trainer: spy.trainer, ...wrong }, 2);
      await expect(refused.run.done).rejects.toMatchObject({ code: 'invalid-option' });
      expect([spy.checked.length, spy.read.length]).toEqual([0, 0]);
    }
    const refused = await start(
      { trainer: trainer(), holdout: fromArrays({ data: new Float32Array(6), shape: [2, 3] }) },
      2,
    );
    await expect(refused.run.done).rejects.toMatchObject({ code: 'shape-mismatch' });
  });
});
