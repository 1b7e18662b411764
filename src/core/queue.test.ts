import { expect, test } from 'vitest';
import { makeQueue } from './queue.ts';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test('runs one job at a time, in the order they were asked for', async () => {
  const enqueue = makeQueue();
  const log: string[] = [];
  const job = (name: string, ms: number) => async () => {
    log.push(`${name} starts`);
    await pause(ms);
    log.push(`${name} ends`);
    return name;
  };
  const results = await Promise.all([enqueue(job('slow', 8)), enqueue(job('quick', 0)), enqueue(job('last', 1))]);
  expect(results).toEqual(['slow', 'quick', 'last']);
  expect(log).toEqual(['slow starts', 'slow ends', 'quick starts', 'quick ends', 'last starts', 'last ends']);
});

test('a job that fails rejects for its caller only', async () => {
  const enqueue = makeQueue();
  const failing = enqueue(async () => Promise.reject(new Error('a fault')));
  const throwing = enqueue(() => {
    throw new Error('at once');
  });
  const next = enqueue(async () => 'fine');
  await expect(failing).rejects.toThrow('a fault');
  await expect(throwing).rejects.toThrow('at once');
  await expect(next).resolves.toBe('fine');
});

test('a job whose signal is aborted while it waits is told at once; one that has begun goes on', async () => {
  const enqueue = makeQueue();
  const controller = new AbortController();
  let end: () => void = () => undefined;
  const first = enqueue(() => new Promise<string>((resolve) => (end = () => resolve('through'))), controller.signal);
  const second = enqueue(async () => 'never', controller.signal);
  await pause(1);
  controller.abort(new Error('enough'));
  await expect(second).rejects.toMatchObject({ name: 'AbortError' });
  end();
  expect(await first).toBe('through');
});

test('a job whose signal was aborted while it waited never starts', async () => {
  const enqueue = makeQueue();
  const controller = new AbortController();
  const started: string[] = [];
  const first = enqueue(() => pause(5));
  const second = enqueue(async () => started.push('second'), controller.signal);
  const third = enqueue(async () => started.push('third'));
  controller.abort(new Error('not needed'));
  await expect(second).rejects.toMatchObject({ name: 'AbortError', message: 'The run was cancelled: not needed.' });
  await Promise.all([first, third]);
  expect(started).toEqual(['third']);
});

test('a signal that is aborted later does not reach into a running job', async () => {
  const enqueue = makeQueue();
  const controller = new AbortController();
  const job = enqueue(async () => {
    await pause(3);
    return 'finished';
  }, controller.signal);
  await pause(1);
  controller.abort();
  await expect(job).resolves.toBe('finished');
});
