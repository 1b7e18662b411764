import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import { relieveMemory } from '../core/memoryPressure.ts';
import type { NoticeEvent } from './events.ts';
import { releaseTrainer, type Turn, usePageTrainer } from './pageTrainer.ts';
import type * as trainers from './trainer.ts';

/** What was started, instead of workers. */
const started: { isOpen: boolean; heapBytes: number; die(): void; fail?: LimbeckError; options: object }[] = [];

const page = vi.hoisted(() => new EventTarget());
vi.stubGlobal('addEventListener', page.addEventListener.bind(page));

vi.mock('./trainer.ts', async (original) => ({
  ...(await original<typeof trainers>()),
  startTrainer: async (options: object) => {
    if ('simdLevel' in options) throw new LimbeckError('invalid-option', 'It does not start.');
    let die: () => void = () => undefined;
    const died = new Promise<void>((resolve) => {
      die = resolve;
    });
    const one = { isOpen: true, heapBytes: 16e6, die, options } as (typeof started)[number];
    started.push(one);
    const trainer = {
      predict: async () => {
        if (one.fail) throw one.fail;
        return { number: started.indexOf(one) };
      },
      memory: async () => ({ tensors: 0, tensorBytes: 0, heapBytes: one.heapBytes }),
      [Symbol.asyncDispose]: async () => {
        one.isOpen = false;
      },
    };
    return { trainer, died };
  },
}));

beforeEach(() => void vi.useFakeTimers());
afterEach(async () => {
  await releaseTrainer();
  const left = started.splice(0).filter(({ isOpen }) => isOpen);
  vi.useRealTimers();
  expect(left).toEqual([]);
});

function turn(signal = new AbortController().signal): Turn & { readonly told: NoticeEvent[] } {
  const told: NoticeEvent[] = [];
  return { signal, emit: (event) => told.push(event), told };
}

describe('the trainer of a page', () => {
  test('is shared by all runs, which use it in order of arrival', async () => {
    const [first, second, third] = [turn(), turn(), turn()];
    const order: string[] = [];
    const run = async (name: string, own: Turn) => {
      await using _use = await usePageTrainer({}, own);
      order.push(`${name} begins`);
      await vi.advanceTimersByTimeAsync(10);
      order.push(`${name} ends`);
    };
    await Promise.all([run('first', first), run('second', second), run('third', third)]);
    expect(order).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(started).toHaveLength(1);
    expect(first.told).toEqual([]);
    expect(second.told).toEqual([{ type: 'notice', message: expect.stringContaining('await openTrainer()') }]);
  });

  test('is used for predictions during a run', async () => {
    await using _run = await usePageTrainer({}, turn());
    await using beside = await usePageTrainer({});
    expect(await beside.trainer.predict({} as never, {})).toEqual({ number: 0 });
  });

  test('goes to the next run if a waiting one is cancelled', async () => {
    const holder = await usePageTrainer({}, turn());
    const controller = new AbortController();
    const cancelled = usePageTrainer({}, turn(controller.signal));
    const next = usePageTrainer({}, turn());
    cancelled.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    controller.abort(new DOMException('enough', 'AbortError'));
    await expect(cancelled).rejects.toThrow('enough');
    await holder[Symbol.asyncDispose]();
    await (await next)[Symbol.asyncDispose]();
    await expect(usePageTrainer({}, turn(AbortSignal.abort()))).rejects.toThrow('aborted');
  });

  test('stays warm for a minute, then ends, and is started again', async () => {
    await (await usePageTrainer({}))[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(59_000);
    const again = await usePageTrainer({});
    await vi.advanceTimersByTimeAsync(120_000);
    await again[Symbol.asyncDispose]();
    expect(started.map(({ isOpen }) => isOpen)).toEqual([true]);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(started.map(({ isOpen }) => isOpen)).toEqual([false]);
    await (await usePageTrainer({}))[Symbol.asyncDispose]();
    expect(started.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  });

  test('ends at once if a large student filled its heap', async () => {
    const use = await usePageTrainer({});
    Object.assign(started[0] as object, { heapBytes: 300e6 });
    await use[Symbol.asyncDispose]();
    expect(started.map(({ isOpen }) => isOpen)).toEqual([false]);
  });

  test.each([
    ['memory is short', relieveMemory],
    ['the page asks for it', releaseTrainer],
    ['the page is left', async () => page.dispatchEvent(new Event('pagehide'))],
    ['another is opened with other options', async () => (await usePageTrainer({ threads: 1 }))[Symbol.asyncDispose]()],
  ])('ends when %s, but not during a run', async (_, happen) => {
    const use = await usePageTrainer({}, turn());
    await happen();
    await vi.advanceTimersByTimeAsync(0);
    expect(started[0]?.isOpen).toBe(true);
    await use[Symbol.asyncDispose]();
    await happen();
    await vi.advanceTimersByTimeAsync(0);
    expect(started[0]?.isOpen).toBe(false);
    expect(started.filter(({ isOpen }) => isOpen).length).toBeLessThan(2);
  });

  test('that died, or ran out of memory, is not given to the next run', async () => {
    const use = await usePageTrainer({});
    started[0]?.die();
    await vi.advanceTimersByTimeAsync(0);
    const next = await usePageTrainer({});
    expect(started).toHaveLength(2);
    Object.assign(started[1] as object, { fail: new LimbeckError('out-of-memory', 'It is full.') });
    await expect(next.trainer.predict({} as never, {})).rejects.toThrow('It is full.');
    const last = await usePageTrainer({});
    expect(started).toHaveLength(3);
    for (const one of [use, next, last]) await one[Symbol.asyncDispose]();
    expect(started.map(({ isOpen }) => isOpen)).toEqual([false, false, true]);
  });

  test('that died during a run is not given to waiting runs', async () => {
    const first = await usePageTrainer({}, turn());
    const waiting = [usePageTrainer({}, turn()), usePageTrainer({}, turn())];
    await vi.advanceTimersByTimeAsync(0);
    started[0]?.die();
    await vi.advanceTimersByTimeAsync(0);
    await first[Symbol.asyncDispose]();
    for (const next of waiting) {
      const use = await next;
      expect(await use.trainer.predict({} as never, {})).toEqual({ number: 1 });
      await use[Symbol.asyncDispose]();
    }
    expect(started.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  });

  test('is the same one if defaults are given explicitly', async () => {
    await using _one = await usePageTrainer({});
    await using _other = await usePageTrainer({ worker: 'shipped' });
    expect(started).toHaveLength(1);
  });

  test('that dies while unused is ended', async () => {
    await (await usePageTrainer({}))[Symbol.asyncDispose]();
    started[0]?.die();
    await vi.advanceTimersByTimeAsync(0);
    expect(started[0]?.isOpen).toBe(false);
  });

  test('that does not start is tried again', async () => {
    for (let i = 0; i < 2; i++) await expect(usePageTrainer({ simdLevel: 'simd' })).rejects.toThrow('does not start');
    expect(started).toEqual([]);
  });
});
