import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LimbeckError } from './errors.ts';
import { type Run, startRun } from './run.ts';

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(async () => {
  // Node tells of a rejection that nobody handles once the microtasks are done.
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

async function collect<Event>(run: Run<unknown, Event>, most = Number.POSITIVE_INFINITY): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of run) {
    events.push(event);
    if (events.length >= most) break;
  }
  return events;
}

/** Runs until its signal says stop, as a job that looks at it between two steps. */
function untilStopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('the job was stopped'))));
}

describe('a run', () => {
  test('starts without being asked, after the caller had its turn', async () => {
    const order: string[] = [];
    const run = startRun(async () => {
      order.push('job');
    });
    order.push('caller');
    await run.done;
    expect(order).toEqual(['caller', 'job']);
  });

  test('gives the result of its job', async () => {
    await expect(startRun(async () => 7).done).resolves.toBe(7);
  });

  test('gives every iteration all events, however late it begins', async () => {
    const run = startRun<string, number>(async (emit) => {
      for (let i = 0; i < 5; i++) {
        emit(i);
        if (i % 2 === 0) await Promise.resolve();
      }
      return 'done';
    });
    const early = [collect(run), collect(run)];
    await expect(run.done).resolves.toBe('done');
    for (const events of [...(await Promise.all(early)), await collect(run)]) expect(events).toEqual([0, 1, 2, 3, 4]);
  });

  test('hands an event on as it comes', async () => {
    let finish: () => void = () => undefined;
    const run = startRun<void, string>(async (emit) => {
      emit('first');
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      emit('second');
    });
    const iterator = run[Symbol.asyncIterator]();
    await expect(iterator.next()).resolves.toEqual({ done: false, value: 'first' });
    const next = iterator.next();
    finish();
    await expect(next).resolves.toEqual({ done: false, value: 'second' });
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
  });

  test('goes on when an iteration is left early', async () => {
    const run = startRun<string, number>(async (emit) => {
      for (let i = 0; i < 3; i++) emit(i);
      return 'done';
    });
    expect(await collect(run, 1)).toEqual([0]);
    await expect(run.done).resolves.toBe('done');
  });

  test('keeps the newest 4,096 events', async () => {
    const run = startRun<void, number>(async (emit) => {
      for (let i = 0; i < 5000; i++) emit(i);
    });
    await run.done;
    const events = await collect(run);
    expect(events).toHaveLength(4096);
    expect([events[0], events.at(-1)]).toEqual([904, 4999]);
  });

  test('lets a slow reader skip what is no longer kept, and see nothing twice', async () => {
    let more: () => void = () => undefined;
    const run = startRun<void, number>(async (emit) => {
      for (let i = 0; i < 10; i++) emit(i);
      await new Promise<void>((resolve) => {
        more = resolve;
      });
      for (let i = 10; i < 6000; i++) emit(i);
    });
    const iterator = run[Symbol.asyncIterator]();
    for (let i = 0; i < 10; i++) expect((await iterator.next()).value).toBe(i);
    more();
    await run.done;
    expect((await iterator.next()).value).toBe(6000 - 4096);
    expect((await iterator.next()).value).toBe(6000 - 4096 + 1);
  });
});

describe('a run that fails', () => {
  const fault = new LimbeckError('empty-dataset', 'There is nothing.');

  test('rejects with what the job threw, also where it throws at once', async () => {
    const atOnce = (): Promise<never> => {
      throw fault;
    };
    await expect(startRun(atOnce).done).rejects.toBe(fault);
    await expect(startRun(async () => Promise.reject(fault)).done).rejects.toBe(fault);
  });

  test('ends its iterations with the same error, after the events', async () => {
    const run = startRun<never, string>(async (emit) => {
      emit('before');
      throw fault;
    });
    const seen: string[] = [];
    const iterate = async () => {
      for await (const event of run) seen.push(event);
    };
    await expect(iterate()).rejects.toBe(fault);
    expect(seen).toEqual(['before']);
  });

  test('is no unhandled rejection where nobody awaits it', async () => {
    startRun(async () => Promise.reject(fault));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(unhandled).toEqual([]);
  });
});

describe('a cancelled run', () => {
  test('rejects with an AbortError that names the reason', async () => {
    const run = startRun(async (_emit, signal) => untilStopped(signal));
    await Promise.resolve();
    run.cancel(new Error('the person left'));
    const error = await run.done.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DOMException);
    expect(error).toMatchObject({ name: 'AbortError', message: 'The run was cancelled: the person left.' });
    await expect(collect(run)).rejects.toBe(error);
  });

  test('does not start its job when it is cancelled at once', async () => {
    let isStarted = false;
    const run = startRun(async () => {
      isStarted = true;
    });
    run.cancel();
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError', message: 'The run was cancelled.' });
    expect(isStarted).toBe(false);
  });

  test('still gives its result where the job had finished before', async () => {
    const run = startRun(async () => 'done');
    await run.done;
    run.cancel();
    await expect(run.done).resolves.toBe('done');
  });

  test('follows the caller’s signal, before the start and later', async () => {
    const controller = new AbortController();
    const run = startRun(async (_emit, signal) => untilStopped(signal), controller.signal);
    await Promise.resolve();
    controller.abort(new Error('closing'));
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError', message: 'The run was cancelled: closing.' });
    const late = startRun(async () => 'never', AbortSignal.abort());
    await expect(late.done).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('leaves no listener on the caller’s signal', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const count = (by: number, call: (...args: never[]) => void) =>
      function counted(this: AbortSignal, ...args: never[]) {
        listeners += by;
        return call.apply(this, args);
      };
    Object.assign(signal, {
      addEventListener: count(1, signal.addEventListener as never),
      removeEventListener: count(-1, signal.removeEventListener as never),
    });
    const run = startRun(async () => 'done', signal);
    expect(listeners).toBe(1);
    await run.done;
    expect(listeners).toBe(0);
  });
});
