// How often a model is run before a teacher gives its first answer. Passes are counted, on a clock that they move on.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LoadTeacherOptions } from '../onnxOptions.ts';
import { openTeacher } from '../onnxTeacher.ts';
import { fakeHouse } from './sessionCases.ts';
import type { OpenedSession } from './sessionSettings.ts';

const clock = { now: 0 };
beforeEach(() => {
  clock.now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock.now);
});
afterEach(() => void vi.restoreAllMocks());

const batch = (count: number) => ({
  x: { data: Float32Array.from({ length: count }, (_, i) => i), shape: [count, 1] },
});

interface Asked extends LoadTeacherOptions {
  readonly count?: number;
  readonly opened?: Partial<OpenedSession>;
}

/** The passes of a first question to a teacher on the kernels or wasm, and what became of it. */
async function ask(
  wasm: number,
  kernels: { msPerExample: number; error?: number },
  { count = 2, opened, ...options }: Asked = {},
) {
  const house = fakeHouse({ wasm: { msPerExample: wasm }, kernels }, opened, clock);
  const files = { model: new Blob(['12345']), externalData: [] };
  const teacher = await openTeacher({ files, name: 'fake', notices: [] }, options, house.start);
  const answer = await teacher.ask(batch(count));
  const passes = house.log.filter((line) => line.startsWith('run '));
  return { passes, log: house.log, answer, teacher, living: house.living(), ms: clock.now };
}

describe('a model that takes seconds', () => {
  const slow = { msPerExample: 2450 };

  test('makes one pass on each engine where the device is to be chosen, and none to measure', async () => {
    const { passes, log, answer, teacher, living } = await ask(2450, { msPerExample: 1000 });
    expect(passes).toEqual(['run wasm 2', 'run kernels 2']);
    expect(log.join()).not.toContain('measure');
    expect(answer).toEqual({ logits: batch(2).x });
    expect(living).toBe(1);
    expect(teacher.description).toMatchObject({ device: 'kernels', batchSize: 2 });
    expect(teacher.description.why).toMatch(/wasm takes longer: 2.45 s an example at 2.*On kernels.*1 s an example/);
  });

  test('stays where it is where the other is no faster', async () => {
    const { passes, teacher } = await ask(2450, { msPerExample: 2400 });
    expect(passes).toEqual(['run wasm 2', 'run kernels 2']);
    expect(teacher.description).toMatchObject({ device: 'wasm', batchSize: 2 });
  });

  test('makes two where the kernels were asked for: theirs, and that of wasm, which they are held against', async () => {
    const { passes, log, teacher } = await ask(2450, slow, { device: 'kernels' });
    expect(passes).toEqual(['run kernels 2', 'run wasm 2']);
    expect(log.join()).not.toContain('measure');
    expect(teacher.description).toMatchObject({ device: 'kernels', batchSize: 2 });
  });

  test('is answered by what wasm said meanwhile where the kernels say something else', async () => {
    const { passes, answer, teacher } = await ask(2000, { ...slow, error: 1 }, { device: 'kernels' });
    expect(passes).toEqual(['run kernels 2', 'run wasm 2']);
    expect(answer).toEqual({ logits: batch(2).x });
    expect(teacher.description.why).toMatch(/kernels is not trusted.*On wasm, \d threads?: 2 s/);
  });

  test('keeps the batch size that was asked for, or its own, and makes no more passes for it', async () => {
    const given = await ask(2450, { msPerExample: 1000 }, { batchSize: 32 });
    expect(given.passes).toEqual(['run wasm 2', 'run kernels 2']);
    expect(given.teacher.description).toMatchObject({ device: 'kernels', batchSize: 32 });
    const own = await ask(500, { msPerExample: 400 }, { opened: { fixedBatch: 2 } });
    expect(own.passes).toEqual(['run wasm 2', 'run kernels 2']);
    expect(own.teacher.description).toMatchObject({ device: 'kernels', batchSize: 2 });
  });

  test('of a large first batch runs the other engine on a few examples', async () => {
    const { passes, teacher } = await ask(2450, { msPerExample: 1000 }, { count: 16 });
    expect(passes).toEqual(['run wasm 16', 'run kernels 4']);
    expect(teacher.description.device).toBe('kernels');
  });
});

test('a small first batch is never asked again of the session that has answered it', async () => {
  const { log } = await ask(10, { msPerExample: 4 });
  const [first, ...others] = log.filter((line) => !line.startsWith('open'));
  expect(first).toBe('run wasm 2');
  // Then it is measured at sizes of its own; the kernels are compared, and measured.
  expect(others.filter((line) => line === 'run wasm 2')).toEqual([]);
  expect(others.filter((line) => line === 'run kernels 2')).toHaveLength(1);
});

test.each([0.5, 5, 20, 80, 150, 290, 310, 600, 5000])(
  'choosing costs a model of %f ms an example no more than was set aside for it, and its first answer again',
  async (msPerExample) => {
    const first = 2 * msPerExample;
    const { ms } = await ask(msPerExample, { msPerExample });
    expect(ms - first).toBeLessThanOrEqual(1200 + first);
  },
);
