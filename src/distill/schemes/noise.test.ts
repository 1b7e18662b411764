// Whether a scheme's student knows what its teacher knows, and nothing where the teacher says noise.
import { expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { argMax } from '../../core/stats.ts';
import { fromArrays } from '../../data/arrays.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import type { Student } from '../../student/student.ts';
import { ensemble } from '../../teacher/ensemble.ts';
import { fromFunction } from '../../teacher/fromFunction.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import { CLASSES, data, makeStudent, makeTeacher, points } from '../distillCases.ts';
import { LEARN, oneTrainer } from '../trainerCases.ts';
import { accuracyOf, noiseTeacher, unseen } from '../unseenCases.ts';
import { assistantChain } from './assistantChain.ts';
import { blackBox } from './blackBox.ts';
import { bornAgain } from './bornAgain.ts';
import { graphTeacher } from './graphTeacher.ts';
import { noisyStudent } from './noisyStudent.ts';
import {
  added,
  classesOf,
  expansion,
  formerly,
  graph,
  heaps,
  newly,
  ofTwo,
  rightOf,
  trained,
  turned,
} from './schemesCases.ts';
import { sourceFree } from './sourceFree.ts';
import { withoutForgetting } from './withoutForgetting.ts';

const trainer = oneTrainer();
const loss = softTargets({ temperature: 1 });
const snapshots = { worker: 'none' } as const;
const local = fromArrays(points(100, 31));

/** What a service may give of a teacher's logits. */
function service(of: Teacher, tell: (probs: readonly number[]) => readonly number[]): Teacher {
  return fromFunction(
    async (inputs) => {
      const { logits } = await of.ask(inputs);
      const count = logits?.shape[0] ?? 0;
      const rows = Array.from({ length: count }, (_, i) => {
        const powers = Array.from(logits?.data.subarray(i * CLASSES, (i + 1) * CLASSES) ?? [], Math.exp);
        return tell(powers.map((power) => power / powers.reduce((a, b) => a + b)));
      });
      return { answer: { data: Float32Array.from(rows.flat()), shape: [count, rows[0]?.length ?? 0] } };
    },
    { name: 'service' },
  );
}
const largestOnly = (probs: readonly number[]) => probs.map((p) => (p === Math.max(...probs) ? p : 0));
const nameOnly = (probs: readonly number[]) => [argMax(probs, 0, CLASSES)];

test.each<[string, (teacher: Teacher) => Promise<Student>]>([
  [
    'bornAgain, the second generation',
    async (teacher) => {
      const options = { student: makeStudent, teacher, data, loss, generations: 2, snapshots, epochs: 25 };
      return (await bornAgain({ ...options, trainer: trainer(), ...LEARN }).done).students[1] as Student;
    },
  ],
  [
    'assistantChain, through the assistant only',
    async (teacher) => {
      const options = { teacher, assistants: [makeStudent()], student: makeStudent(), data, loss, snapshots };
      return (await assistantChain({ ...options, epochs: 25, trainer: trainer(), ...LEARN }).done).student;
    },
  ],
  [
    'noisyStudent',
    async (teacher) => {
      const options = { ...expansion, teacher, generations: 2, augment: { noise: 0.1 }, epochs: 15 };
      return (await noisyStudent({ ...options, trainer: trainer(), ...LEARN }).done).student;
    },
  ],
  [
    'blackBox',
    async (teacher) => {
      const options = { teacher, student: makeStudent(), data: local, rounds: 12 };
      return (await blackBox({ ...options, trainer: trainer(), ...LEARN }).done).student;
    },
  ],
  [
    'blackBox, with a service that gives the largest probability',
    async (teacher) => {
      const options = { teacher: service(teacher, largestOnly), output: 'answer', given: 'probs' } as const;
      const run = blackBox({
        ...options,
        student: makeStudent(),
        data: local,
        rounds: 15,
        trainer: trainer(),
        ...LEARN,
      });
      return (await run.done).student;
    },
  ],
  [
    'blackBox, with a service that gives the class',
    async (teacher) => {
      const options = { teacher: service(teacher, nameOnly), output: 'answer', given: 'labels', classes: 3 } as const;
      const run = blackBox({
        ...options,
        student: makeStudent(),
        data: local,
        rounds: 15,
        trainer: trainer(),
        ...LEARN,
      });
      return (await run.done).student;
    },
  ],
  [
    'bornAgain, the second generation of an ensemble',
    async (teacher) => {
      const options = { student: makeStudent, teacher: ensemble([teacher, teacher]), data, loss, generations: 2 };
      return (await bornAgain({ ...options, snapshots, epochs: 25, trainer: trainer(), ...LEARN }).done)
        .students[1] as Student;
    },
  ],
])('%s', async (_, learn) => {
  expect(await accuracyOf(trainer(), await learn(makeTeacher().teacher))).toBeGreaterThan(0.85);
  expect(await accuracyOf(trainer(), await learn(noiseTeacher()))).toBeLessThan(0.65);
});

test('graphTeacher, whose signal is the labels', async () => {
  const { labels } = graph;
  // Each label given to some other example.
  const mixedUp = labels.map((label, i) => (label < 0 ? -1 : (labels[(i + 35) % 400] as number)));
  const accuracies = [];
  for (const given of [labels, mixedUp]) {
    const options = { ...graph, labels: given, student: makeStudent(), epochs: 15, trainer: trainer() };
    accuracies.push(await accuracyOf(trainer(), (await graphTeacher({ ...options, ...LEARN }).done).student));
  }
  expect(accuracies[0]).toBeGreaterThan(0.8);
  expect(accuracies[1]).toBeLessThan(0.6);
});

test('sourceFree, whose signal is what the student knows, right or wrong', async () => {
  const tested = heaps(200, 22);
  const target = fromArrays(turned(heaps(150, 21)));
  const right = (student: Student) => rightOf(trainer(), student, turned(tested), classesOf(tested));
  const gains = [];
  for (const labels of [classesOf, (of: typeof tested) => classesOf(of).map((label) => (label + 1) % CLASSES)]) {
    const student = await trained(trainer(), labels, makeStudent(), heaps(120, 11));
    const before = await right(student);
    const options = { student, data: target, rounds: 15, batchSize: 64, optimizer: { learningRate: 0.01 } };
    await sourceFree({ ...options, trainer: trainer() }).done;
    gains.push({ before, after: await right(student) });
  }
  const [known, wrong] = gains;
  expect(known?.after).toBeGreaterThan((known?.before ?? 1) + 0.05);
  expect(known?.after).toBeGreaterThan(0.9);
  // Heaps are found all the same; which is which comes from the student alone.
  expect(wrong?.after).toBeLessThan(0.1);
});

test('withoutForgetting, whose signal is the previous answers', async () => {
  const student = await trained(trainer(), formerly, ofTwo());
  const random = seededRandom(4);
  const noise = makeTeacher(({ shape: [count = 0] }) => ({
    logits: { data: Float32Array.from({ length: count * 2 }, () => 8 * random() - 4), shape: [count, 2] },
  })).teacher;
  const kept = [];
  for (const former of [undefined, noise]) {
    const options = { student, data: added, classes: 4, epochs: 25, trainer: trainer(), ...LEARN };
    const { student: grown } = await withoutForgetting({ ...options, ...(former && { former }) }).done;
    // What is new is learned either way.
    expect(await rightOf(trainer(), grown, unseen, newly(unseen), [2, 4])).toBeGreaterThan(0.9);
    kept.push(await rightOf(trainer(), grown, unseen, formerly(unseen), [0, 2]));
  }
  expect(kept[0]).toBeGreaterThan(0.9);
  expect(kept[1]).toBeLessThan(0.75);
});
