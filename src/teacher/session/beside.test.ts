import { expect, test } from 'vitest';
import type { LivesNear, Workplace } from '../../workers/workplace.ts';
import { NEAR, WORKPLACE } from '../../workers/workplace.ts';
import { startBeside } from './beside.ts';
import { startSession } from './sessionStart.ts';

/** A trainer whose worker has these functions for a teacher. */
function trainerWith(onnx: object, hasGpu = true) {
  const workplace: Workplace = { hasGpu, isTaken: false, call: async (use) => use({ onnx } as never) };
  return { trainer: { [WORKPLACE]: workplace }, workplace };
}

test('the first session is the trainer’s worker, and is free again when it ends', async () => {
  const calls: string[] = [];
  const onnx = { run: async () => ({}), close: async () => void calls.push('close') };
  const { trainer, workplace } = trainerWith(onnx);
  const { start, notice } = startBeside(trainer);
  expect(notice).toBeUndefined();
  const session = await start('shipped');
  expect((session as LivesNear)[NEAR]).toBe(workplace);
  expect(await session.run({})).toEqual({});
  expect(startBeside(trainer).notice).toContain('has a teacher beside it already');
  await session[Symbol.asyncDispose]();
  expect(calls).toEqual(['close']);
  expect(startBeside(trainer).notice).toBeUndefined();
});

test('ending it twice leaves a teacher alone that came after', async () => {
  const { trainer, workplace } = trainerWith({ close: async () => undefined });
  const session = await startBeside(trainer).start('shipped');
  await session[Symbol.asyncDispose]();
  await startBeside(trainer).start('shipped');
  await session[Symbol.asyncDispose]();
  expect(workplace.isTaken).toBe(true);
});

test('a trainer that has ended does not keep a teacher from ending', async () => {
  const { trainer } = trainerWith({ close: () => Promise.reject(new Error('gone')) });
  const session = await startBeside(trainer).start('shipped');
  await expect(session[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

test('later sessions have a thread of their own', async () => {
  const { trainer } = trainerWith({});
  const { start } = startBeside(trainer);
  await start('none');
  const second = await start('none');
  expect((second as LivesNear)[NEAR]).toBeUndefined();
  await second[Symbol.asyncDispose]();
});

test.each([
  { name: 'on wasm', trainer: trainerWith({}, false).trainer },
  { name: 'on the page’s thread', trainer: { [WORKPLACE]: undefined } },
])('beside a trainer $name a teacher has a worker of its own', ({ trainer }) => {
  const { start, notice } = startBeside(trainer);
  expect(start).toBe(startSession);
  expect(notice).toBe('The teacher works in a worker of its own, because that trainer does not work on WebGPU.');
});
