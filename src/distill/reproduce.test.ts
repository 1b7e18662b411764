import { describe, expect, test } from 'vitest';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { ensemble } from '../teacher/ensemble.ts';
import type { Teacher, TeacherDescription } from '../teacher/teacher.ts';
import { distill } from './distill.ts';
import {
  EXAMPLES,
  holdout,
  labelled,
  logitsOf,
  makeStudent,
  makeTeacher,
  watched,
  weightsOf,
  working,
} from './distillCases.ts';
import type { ReproducibleWith } from './report.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

/** The same model on two engines with sums that differ in the last bits. */
function teacherOn(device: 'kernels' | 'wasm', changed: Partial<TeacherDescription> = {}): Teacher {
  const step = device === 'kernels' ? 1 + 2 ** -20 : 1;
  const { teacher } = makeTeacher((input) => {
    const { data, shape } = logitsOf(input);
    return { logits: { data: data.map((value) => value * step), shape } };
  });
  const description = { ...teacher.description, device, threads: 2, batchSize: 16, identity: 'abc', ...changed };
  return { ...teacher, description };
}

const run = (teacher: Teacher, changed: Parameters<typeof working>[1] = {}) => {
  const student = makeStudent();
  return distill(working(trainer(), { teacher, student, ...changed })).done;
};

/** As read from a file. */
const kept = (pin: ReproducibleWith): ReproducibleWith => JSON.parse(JSON.stringify(pin));

describe('what a report says', () => {
  test('is everything that determines the bits, as plain values', async () => {
    const { report } = await run(teacherOn('kernels', { simdLevel: 'relaxed' }), { seed: 3, teacherBatchSize: 8 });
    const { versions, ...rest } = report.reproducibleWith;
    expect(Object.keys(versions)).toEqual(['limbeck', 'tfjs', 'onnxruntime']);
    expect(rest).toEqual({
      seed: 3,
      order: { examples: EXAMPLES, batchSize: 16, epochs: 2 },
      trainer: { backend: 'cpu', threads: 1, simdLevel: 'none', hasKernels: false },
      teacher: { identity: 'abc', device: 'kernels', threads: 2, simdLevel: 'relaxed', batchSize: 8 },
      doubts: [],
    });
    expect(kept(report.reproducibleWith)).toEqual(report.reproducibleWith);
  });

  test('leaves out a teacher from whom the loss reads nothing', async () => {
    const { report } = await run(teacherOn('kernels'), { data: labelled, loss: crossEntropy(), holdout });
    expect(report.teacher?.device).toBe('kernels');
    expect(report.reproducibleWith).not.toHaveProperty('teacher');
  });

  test('names each member of an ensemble with its engine', async () => {
    const both = ensemble([teacherOn('kernels'), teacherOn('wasm', { identity: 'def' })]);
    const { teacher } = (await run(both)).report.reproducibleWith;
    expect(teacher?.members).toMatchObject([
      { identity: 'abc', device: 'kernels' },
      { identity: 'def', device: 'wasm' },
    ]);
  });

  test('is the engine chosen by measurement at the first batch, not the one before', async () => {
    const [wasm, kernels] = [teacherOn('wasm'), teacherOn('kernels', { batchSize: 24 })];
    let now = wasm;
    const moving: Teacher = {
      ...wasm,
      get description() {
        return now.description;
      },
      async ask(inputs, signal) {
        const answers = await now.ask(inputs, signal);
        now = kernels;
        return answers;
      },
    };
    const { doubts, teacher } = (await run(moving)).report.reproducibleWith;
    expect(teacher).toMatchObject({ device: 'kernels', batchSize: 24 });
    expect(doubts).toEqual([]);
  });

  test.each<[string, () => Teacher, RegExp]>([
    ['a teacher without an identity', () => teacherOn('wasm', { identity: undefined as never }), /without an identity/],
    ['a GPU', () => teacherOn('wasm', { device: 'webgpu' }), /A GPU may add/],
    [
      'answers that an earlier run kept',
      () => ({ ...teacherOn('wasm'), usage: () => ({ calls: 0, computed: 0, found: asked++ }) }),
      /came from an earlier run/,
    ],
    [
      'a teacher that changed device during the run',
      () => {
        const teacher = teacherOn('kernels');
        let calls = 0;
        const description = () => ({ ...teacher.description, device: calls > 2 ? 'wasm' : 'kernels' }) as const;
        const ask: Teacher['ask'] = (...given) => {
          calls++;
          return teacher.ask(...given);
        };
        return Object.defineProperty({ ...teacher, ask }, 'description', { get: description });
      },
      /went from kernels to wasm/,
    ],
  ])('tells of %s', async (_, make, sentence) => {
    const { doubts } = (await run(make())).report.reproducibleWith;
    expect(doubts).toEqual([expect.stringMatching(sentence)]);
  });
});
let asked = 0;

describe('a run that is to reproduce another', () => {
  test('gives the same bits, with seed, sizes and epochs from the report', async () => {
    const options = { seed: 7, batchSize: 7, epochs: 3, teacherBatchSize: 5 };
    const first = await run(teacherOn('kernels'), options);
    const reproduce = kept(first.report.reproducibleWith);
    const student = makeStudent();
    const { batchSize: _, epochs: __, ...open } = working(trainer(), { teacher: teacherOn('kernels'), student });
    const { report } = await distill({ ...open, reproduce }).done;
    expect(weightsOf(student)).toEqual(weightsOf(first.student));
    expect(report.reproducibleWith).toEqual(first.report.reproducibleWith);
    const free = await run(teacherOn('wasm'), options);
    expect(weightsOf(free.student), 'the engines of this test must differ').not.toEqual(weightsOf(first.student));
  });

  test('is refused on the other engine, with what differs and how to open it, before the first step', async () => {
    const { report } = await run(teacherOn('kernels'));
    const spy = watched(trainer());
    const student = makeStudent();
    const other = run(teacherOn('wasm', { threads: 1 }), {
      student,
      trainer: spy.trainer,
      reproduce: report.reproducibleWith,
    });
    await expect(other).rejects.toMatchObject({
      code: 'not-reproducible',
      message: expect.stringMatching(
        /teacher\.device is wasm, not kernels; teacher\.threads is 1, not 2.*device: 'kernels', threads: 2, batchSize: 16/,
      ),
      details: {
        differences: [
          { name: 'teacher.device', needed: 'kernels', given: 'wasm' },
          { name: 'teacher.threads', needed: 2, given: 1 },
        ],
      },
    });
    expect(spy.read).toHaveLength(0);
    expect(student.artifacts).toBeUndefined();
  });

  test.each<[string, (pin: ReproducibleWith) => ReproducibleWith, object]>([
    ['trainer.threads', (pin) => ({ ...pin, trainer: { ...pin.trainer, threads: 4 } }), {}],
    ['trainer.simdLevel', (pin) => ({ ...pin, trainer: { ...pin.trainer, simdLevel: 'relaxed' } }), {}],
    ['versions.tfjs', (pin) => ({ ...pin, versions: { ...pin.versions, tfjs: '4.0.0' } }), {}],
    ['order.examples', (pin) => ({ ...pin, order: { ...pin.order, examples: 3 } }), {}],
    ['seed', (pin) => pin, { seed: 9 }],
    ['order.epochs', (pin) => pin, { epochs: 5 }],
  ])('is refused for another %s before the teacher is asked', async (name, change, changed) => {
    const { report } = await run(teacherOn('kernels'));
    const { teacher, asked: count } = makeTeacher();
    const reproduce = change(report.reproducibleWith);
    await expect(run(teacher, { reproduce, ...changed })).rejects.toMatchObject({
      code: 'not-reproducible',
      details: { differences: [expect.objectContaining({ name })] },
    });
    expect(count()).toBe(0);
  });

  test.each([[{}], ['seed 3'], [{ seed: 1, order: {}, trainer: {}, versions: {} }]])(
    'is refused if %j is not from a report',
    async (reproduce) => {
      const refused = run(teacherOn('wasm'), { reproduce: reproduce as never, holdout });
      await expect(refused).rejects.toMatchObject({ code: 'invalid-option' });
    },
  );
});
