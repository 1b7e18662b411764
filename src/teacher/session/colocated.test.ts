import { expect, test } from 'vitest';
import { COLOCATION, type Colocated, type Colocation } from '../../workers/colocation.ts';
import { startColocated } from './colocated.ts';
import { startSession } from './sessionStart.ts';

/** A trainer whose worker has these functions for a teacher. */
function trainerWith(onnx: object, hasGpu = true) {
  const colocation: Colocation = { hasGpu, isTaken: false, call: async (use) => use({ onnx } as never) };
  return { trainer: { [COLOCATION]: colocation }, colocation };
}

test('the first session is the trainer’s worker, and is free again when it ends', async () => {
  const calls: string[] = [];
  const onnx = { run: async () => ({}), close: async () => void calls.push('close') };
  const { trainer, colocation } = trainerWith(onnx);
  const { start, notice } = startColocated(trainer);
  expect(notice).toBeUndefined();
  const session = await start('shipped');
  expect((session as Colocated)[COLOCATION]).toBe(colocation);
  expect(await session.run({})).toEqual({});
  expect(startColocated(trainer).notice).toContain('has a colocated teacher already');
  await session[Symbol.asyncDispose]();
  expect(calls).toEqual(['close']);
  expect(startColocated(trainer).notice).toBeUndefined();
});

test('ending it twice leaves a teacher alone that came after', async () => {
  const { trainer, colocation } = trainerWith({ close: async () => undefined });
  const session = await startColocated(trainer).start('shipped');
  await session[Symbol.asyncDispose]();
  await startColocated(trainer).start('shipped');
  await session[Symbol.asyncDispose]();
  expect(colocation.isTaken).toBe(true);
});

test('a trainer that has ended does not keep a teacher from ending', async () => {
  const { trainer } = trainerWith({ close: () => Promise.reject(new Error('gone')) });
  const session = await startColocated(trainer).start('shipped');
  await expect(session[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

test('later sessions have a thread of their own', async () => {
  const { trainer } = trainerWith({});
  const { start } = startColocated(trainer);
  await start('none');
  const second = await start('none');
  expect((second as Colocated)[COLOCATION]).toBeUndefined();
  await second[Symbol.asyncDispose]();
});

test.each([
  { name: 'on wasm', trainer: trainerWith({}, false).trainer },
  { name: 'on the page’s thread', trainer: { [COLOCATION]: undefined } },
])('a teacher colocated with a trainer $name has a worker of its own', ({ trainer }) => {
  const { start, notice } = startColocated(trainer);
  expect(start).toBe(startSession);
  expect(notice).toBe('The teacher works in a worker of its own, because that trainer does not work on WebGPU.');
});
