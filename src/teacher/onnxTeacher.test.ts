import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import { openStore } from '../storage/openStore.ts';
import { COLOCATION, type Colocation } from '../workers/colocation.ts';
import type { LoadTeacherOptions } from './onnxOptions.ts';
import { openTeacher } from './onnxTeacher.ts';
import { sumOverTime } from './read.ts';
import { fakeHouse } from './session/sessionCases.ts';

const files = { model: new Blob(['12345']), externalData: [] };
const batch = (count: number) => ({
  x: { data: Float32Array.from({ length: count }, (_, i) => i), shape: [count, 1] },
});
const died = new LimbeckError('worker-died', 'It died.');
const full = new LimbeckError('out-of-memory', 'No room.');

function open(house: ReturnType<typeof fakeHouse>, options: LoadTeacherOptions = {}) {
  return openTeacher(
    { files, name: 'fake', notices: ['It came slowly.'] },
    { device: 'wasm', ...options },
    house.start,
  );
}

describe('batch size', () => {
  test('is found on what is asked, and nothing is measured beside it', async () => {
    const house = fakeHouse({});
    const teacher = await open(house);
    expect([teacher.description.batchSize, teacher.nextBatchSize?.()]).toEqual([undefined, undefined]);
    expect(await teacher.ask(batch(2))).toEqual({ logits: batch(2).x });
    expect(teacher.description.batchSize).toBe(8);
    await teacher.ask(batch(8));
    expect(teacher.description).toMatchObject({
      why: expect.stringMatching(/On wasm, 2 threads: .* an example at 8 at a time/),
      batchFigures: [{ batchSize: 8, msPerExample: expect.any(Number), spreadFraction: expect.any(Number) }],
    });
    expect(teacher.nextBatchSize?.()).toBe(16);
    expect(house.log).toEqual(['open wasm -', 'run wasm 2', 'run wasm 8']);
  });

  test('where devices are measured, is theirs at first', async () => {
    const house = fakeHouse({ kernels: { msPerExample: 3 } });
    const teacher = await open(house, { device: 'auto' });
    await teacher.ask(batch(2));
    expect(teacher.description).toMatchObject({
      device: 'kernels',
      batchSize: 1,
      why: expect.stringMatching(/wasm takes longer: 10 ms.*On kernels, 2 threads: 3 ms an example at 1 at a time/),
    });
  });

  test('is no larger than what had to be given up to fit', async () => {
    const house = fakeHouse({ wasm: { faults: [undefined, undefined, full] } });
    const teacher = await open(house);
    for (const count of [2, 8, 16]) await teacher.ask(batch(count));
    expect(house.log).toEqual(['open wasm -', 'run wasm 2', 'run wasm 8', 'run wasm 16', 'open wasm 2', 'run wasm 16']);
    for (let i = 0; i < 50; i++) {
      const next = teacher.nextBatchSize?.() ?? Number.NaN;
      expect(next).toBeLessThanOrEqual(8);
      await teacher.ask(batch(next));
    }
  });

  test('that is asked for, or that the model fixes, is known at once, and nothing is measured', async () => {
    const house = fakeHouse({}, { fixedBatch: 4 });
    const fixed = await open(house);
    expect(fixed.description.batchSize).toBe(4);
    const asked = await open(house, { batchSize: 12 });
    expect(asked.description).toMatchObject({ batchSize: 12, why: expect.stringContaining('12 at a time were asked') });
    await asked.ask(batch(1));
    expect(house.log).not.toContain('measure wasm');
  });

  test('that is given is known at once where devices are yet to be measured', async () => {
    const house = fakeHouse({ kernels: { msPerExample: 3 } }, { fixedBatch: 4 });
    const teacher = await open(house, { device: 'auto' });
    expect(teacher.description).toMatchObject({ device: 'wasm', batchSize: 4 });
    await teacher.ask(batch(4));
    expect(teacher.description).toMatchObject({ device: 'kernels', why: expect.stringContaining('wasm takes longer') });
    const onPage = await open(fakeHouse({ kernels: { msPerExample: 3 } }), { device: 'auto', worker: 'none' });
    await onPage.ask(batch(4));
    expect(onPage.description.device).toBe('wasm');
  });

  test('is remembered by the page, and in a store', async () => {
    const store = await openStore('tuning', { kind: 'memory' });
    const house = fakeHouse({ kernels: { msPerExample: 3 } });
    const first = await open(house, { device: 'auto', store });
    await first.ask(batch(2));
    expect(await store.keys('device-profile/')).toHaveLength(1);
    const measured = house.log.filter((line) => line.startsWith('measure')).length;
    const second = await open(house, { device: 'auto', store });
    const { batchSize, batchFigures, why } = first.description;
    expect(second.description).toMatchObject({ batchSize, batchFigures, why });
    await second.ask(batch(2));
    expect(house.log.filter((line) => line.startsWith('measure'))).toHaveLength(measured);
  });

  test('that was learned since is remembered too, at the latest when the teacher is disposed', async () => {
    const house = fakeHouse({});
    const first = await open(house);
    for (const count of [2, 8, 8, 16, 8]) await first.ask(batch(count));
    await first[Symbol.asyncDispose]();
    const { batchFigures } = (await open(house)).description;
    expect(batchFigures?.map(({ batchSize }) => batchSize)).toEqual([8, 16]);
  });

  test('that cannot be measured costs a sentence', async () => {
    const house = fakeHouse({});
    const start = async () => ({ ...(await house.start()), measure: () => Promise.reject(new Error('no clock')) });
    const teacher = await openTeacher({ files, name: 'fake', notices: [] }, { device: 'auto' }, start);
    await teacher.ask(batch(2));
    expect(teacher.description).toMatchObject({ batchSize: 8, why: expect.stringContaining('no clock') });
  });
});

describe('colocated with a trainer on a GPU', () => {
  /** A trainer whose worker is one of these sessions, and counts what is opened in it. */
  function trainerIn(house: ReturnType<typeof fakeHouse>) {
    const places: string[] = [];
    const session = house.start();
    const call: Colocation['call'] = async (use) => {
      const { open: opening, ...onnx } = await session;
      const watched: typeof opening = (given, settings, placement) => {
        places.push(placement.device);
        return opening(given, settings, placement);
      };
      return use({ onnx: { ...onnx, open: watched } } as never);
    };
    return { trainer: { [COLOCATION]: { hasGpu: true, isTaken: false, call } as Colocation }, places };
  }

  test('the kernels have a worker of their own, with a notice', async () => {
    const { trainer, places } = trainerIn(fakeHouse({}));
    const unreachable = () => {
      throw new Error('no worker here');
    };
    const loading = openTeacher(
      { files, name: 'fake', notices: [] },
      { device: 'kernels', colocatedWith: trainer, worker: unreachable },
    );
    await expect(loading).rejects.toThrow();
    expect(places).toEqual([]);
    const teacher = await open(fakeHouse({}), { device: 'kernels', colocatedWith: trainer });
    expect(teacher.description.notices.join()).toContain('in a worker of its own, as the kernels need one');
  });

  test('kernels that were remembered are not opened where they may not run', async () => {
    const house = fakeHouse({ kernels: { msPerExample: 3 } });
    const first = await open(house, { device: 'auto', batchSize: 2 });
    await first.ask(batch(2));
    expect(first.description.device).toBe('kernels');
    const again = await open(house, { device: 'auto', batchSize: 2 });
    expect(again.description.device).toBe('kernels');
    const onPage = await open(house, { device: 'auto', batchSize: 2, worker: 'none' });
    expect(onPage.description.device).toBe('wasm');
    const { trainer, places } = trainerIn(house);
    await openTeacher({ files, name: 'fake', notices: [] }, { device: 'auto', batchSize: 2, colocatedWith: trainer });
    expect(places).toEqual(['wasm']);
  });
});

describe('recovery', () => {
  test('a batch whose worker died is answered by the next, and those who watch are told', async () => {
    const house = fakeHouse({ wasm: { faults: [undefined, died] } });
    const teacher = await open(house, { batchSize: 2 });
    const told: string[] = [];
    const stop = teacher.watch?.((notice) => told.push(notice));
    await teacher.ask(batch(2));
    expect(await teacher.ask(batch(3))).toEqual({ logits: batch(3).x });
    expect(house.log).toEqual(['open wasm -', 'run wasm 2', 'run wasm 3', 'open wasm 2', 'run wasm 3']);
    expect(told).toEqual([expect.stringContaining('It died.')]);
    expect(teacher.description.notices).toEqual(['It came slowly.', ...told]);
    expect(teacher.usage?.()).toEqual({ calls: 2, computed: 5, found: 0 });
    stop?.();
    await teacher[Symbol.asyncDispose]();
    expect(house.living()).toBe(0);
  });

  test('without room on several threads it opens on one, and says so', async () => {
    const house = fakeHouse({});
    const start = async () => {
      const session = await house.start();
      const opening: typeof session.open = (...given) =>
        given[2].threads === 1 ? session.open(...given) : Promise.reject(full);
      return { ...session, open: opening };
    };
    const teacher = await openTeacher({ files, name: 'fake', notices: [] }, {}, start);
    expect(teacher.description).toMatchObject({ threads: 1, notices: [expect.stringContaining('it runs on one')] });
    expect(house.living()).toBe(1);
  });

  test('a model that does not open leaves no worker behind', async () => {
    const house = fakeHouse({ wasm: { openFault: new LimbeckError('invalid-onnx', 'It is none.') } });
    await expect(open(house)).rejects.toMatchObject({ code: 'invalid-onnx' });
    expect(house.living()).toBe(0);
  });
});

describe('outputs', () => {
  test("an only one is called 'logits', unless outputs were named", async () => {
    const house = fakeHouse({}, { fixedBatch: 1 });
    expect(Object.keys(await (await open(house)).ask(batch(1)))).toEqual(['logits']);
    expect(Object.keys(await (await open(house, { outputs: ['y'] })).ask(batch(1)))).toEqual(['y']);
    expect(Object.keys(await (await open(house, { taps: ['y'] })).ask(batch(1)))).toEqual(['y']);
  });

  test('a function of the page reads here; a reading by name is left to the worker', async () => {
    const house = fakeHouse({}, { fixedBatch: 1 });
    const own = await open(house, { read: ({ y }) => ({ twice: y as NonNullable<typeof y> }) });
    expect(Object.keys(await own.ask(batch(1)))).toEqual(['twice']);
    expect(own.description.identity).toBeUndefined();
    const named = await open(house, { read: sumOverTime({ classes: [0] }) });
    expect(Object.keys(await named.ask(batch(1)))).toEqual(['y']);
    expect(named.description.identity).toMatch(/^[0-9a-f]{64}$/);
  });
});

test('a teacher that is disposed while it works says so, by its name', async () => {
  const house = fakeHouse({ wasm: { faults: [new Error('the proxy was released')] } }, { fixedBatch: 1 });
  const teacher = await open(house);
  const asking = teacher.ask(batch(1));
  const disposing = teacher[Symbol.asyncDispose]();
  await expect(asking).rejects.toMatchObject({
    name: 'LimbeckError',
    code: 'disposed',
    message: expect.stringContaining('"fake" was disposed while it worked'),
  });
  await disposing;
});

test('cancelled and disposed teachers answer nothing', async () => {
  const house = fakeHouse({}, { fixedBatch: 1 });
  const teacher = await open(house);
  await expect(teacher.ask(batch(1), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  expect(house.log).toEqual(['open wasm -']);
  await teacher[Symbol.asyncDispose]();
  await teacher[Symbol.asyncDispose]();
  await expect(teacher.ask(batch(1))).rejects.toMatchObject({ code: 'disposed' });
  await expect(teacher.timeMs(batch(1), 1)).rejects.toMatchObject({ code: 'disposed' });
});
