import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { idleWork } from './idle.ts';
import type { ProfileEvent } from './profile.ts';
import { LABELS, makeDisk, meanLearner, openWith, point, storeOn, world } from './profileCases.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

class FakeDocument extends EventTarget {
  visibilityState = 'visible';
  show(state: 'visible' | 'hidden') {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

class FakeBattery extends EventTarget {
  level = 1;
  charging = false;
  set(level: number, charging: boolean) {
    Object.assign(this, { level, charging });
    this.dispatchEvent(new Event('levelchange'));
    this.dispatchEvent(new Event('chargingchange'));
  }
}

/** Work that lasts until it is ended, and a log of it. */
function lasting() {
  const log: string[] = [];
  let finish = () => {};
  const work = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      log.push('begins');
      finish = () => {
        log.push('ends');
        resolve();
      };
      signal.addEventListener('abort', () => {
        log.push('stopped');
        reject(new DOMException('Stopped.', 'AbortError'));
      });
    });
  return { log, work, finish: () => finish() };
}

const OPTIONS = { quietMs: 1000, batteryFraction: 0.2 };
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const refuse = (error: unknown) => {
  throw error;
};

describe('work when the page is idle', () => {
  test('begins a while after it was last asked for, once for many', async () => {
    const { log, work, finish } = lasting();
    const idle = idleWork(work, OPTIONS, refuse);
    for (let i = 0; i < 5; i++) {
      idle.schedule();
      await pass(900);
    }
    expect(log).toEqual([]);
    await pass(100);
    expect(log).toEqual(['begins']);
    idle.schedule();
    await pass(5000);
    expect(log).toEqual(['begins']);
    finish();
    await pass(1000);
    expect(log).toEqual(['begins', 'ends', 'begins']);
    finish();
    await pass(5000);
    expect(log).toHaveLength(4);
    await idle.stop();
  });

  test('waits for requestIdleCallback where there is one', async () => {
    const callbacks = new Map<number, () => void>();
    vi.stubGlobal('requestIdleCallback', (callback: () => void) => {
      callbacks.set(callbacks.size + 1, callback);
      return callbacks.size;
    });
    vi.stubGlobal('cancelIdleCallback', (id: number) => callbacks.delete(id));
    const { log, work } = lasting();
    const idle = idleWork(work, OPTIONS, refuse);
    idle.schedule();
    await pass(9000);
    expect(log).toEqual([]);
    idle.pause();
    expect(callbacks.size).toBe(0);
    idle.resume();
    await pass(1000);
    for (const callback of callbacks.values()) callback();
    expect(log).toEqual(['begins']);
    await idle.stop();
    expect(log).toEqual(['begins', 'stopped']);
  });

  test('stops while nobody sees the page, and begins again', async () => {
    const document = new FakeDocument();
    vi.stubGlobal('document', document);
    const { log, work, finish } = lasting();
    const idle = idleWork(work, OPTIONS, refuse);
    document.show('hidden');
    idle.schedule();
    await pass(5000);
    expect(log).toEqual([]);
    document.show('visible');
    await pass(1000);
    document.show('hidden');
    await pass(5000);
    expect(log).toEqual(['begins', 'stopped']);
    document.show('visible');
    await pass(1000);
    finish();
    await pass(5000);
    expect(log).toEqual(['begins', 'stopped', 'begins', 'ends']);
    await idle.stop();
  });

  test('waits while the battery is low and not charging', async () => {
    const battery = new FakeBattery();
    vi.stubGlobal('navigator', { getBattery: async () => battery });
    const { log, work } = lasting();
    const idle = idleWork(work, OPTIONS, refuse);
    await pass(0);
    battery.set(0.19, false);
    idle.schedule();
    await pass(5000);
    expect(log).toEqual([]);
    battery.set(0.19, true);
    await pass(1000);
    expect(log).toEqual(['begins']);
    battery.set(0.18, false);
    await pass(1000);
    expect(log).toEqual(['begins', 'stopped']);
    battery.set(0.2, false);
    await pass(1000);
    expect(log).toHaveLength(3);
    await idle.stop();
    battery.set(0.1, false);
    expect(log).toHaveLength(4);
  });

  test('a page that may not ask for the battery works as one that has power', async () => {
    vi.stubGlobal('navigator', { getBattery: () => Promise.reject(new Error('not allowed')) });
    const { log, work } = lasting();
    const idle = idleWork(work, OPTIONS, refuse);
    idle.schedule();
    await pass(1000);
    expect(log).toEqual(['begins']);
    await idle.stop();
  });

  test('work that fails is told, and tried again only where it is asked for again', async () => {
    const faults: unknown[] = [];
    let tries = 0;
    const work = async () => {
      tries++;
      throw new Error('broken');
    };
    const idle = idleWork(work, OPTIONS, (error) => faults.push(error));
    idle.schedule();
    await pass(9000);
    expect([tries, faults.length]).toEqual([1, 1]);
    idle.schedule();
    await pass(1000);
    expect(tries).toBe(2);
    await idle.stop();
  });
});

describe('a profile learns by itself', () => {
  const IDLE = { learning: 'idle', idle: { ms: 300, steps: 9, quietMs: 100 } } as const;

  test('what it is taught, within the budget, and tells of it', async () => {
    const { profile, learner } = await world(IDLE);
    const events: ProfileEvent[] = [];
    const stop = profile.watch((event) => events.push(event));
    await profile.teach(point(1, 0), 'left');
    await profile.teach(point(-1, 0), 'right');
    await pass(100);
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('learned'));
    expect(learner.budgets).toEqual([{ ms: 300, steps: 9 }]);
    expect(learner.learned[0]?.ids).toHaveLength(2);
    stop();
    await pass(5000);
    expect(learner.learned).toHaveLength(1);
    await profile[Symbol.asyncDispose]();
  });

  test('not while paused, nor where learning is only asked for', async () => {
    const paused = await world(IDLE);
    paused.profile.pause();
    const asked = await world({ ...IDLE, learning: 'asked' }, makeDisk());
    for (const { profile } of [paused, asked]) await profile.teach(point(1, 0), 'left');
    await pass(5000);
    expect(paused.learner.learned).toEqual([]);
    paused.profile.resume();
    await pass(100);
    await vi.waitFor(() => expect(paused.learner.learned).toHaveLength(1));
    expect(asked.learner.learned).toEqual([]);
    for (const { profile } of [paused, asked]) await profile[Symbol.asyncDispose]();
  });

  test('after a reload what was not learned, after forgetting what is left, after going back nothing', async () => {
    const disk = makeDisk();
    const first = await world({ learning: 'asked' }, disk);
    await first.profile.observe(point(1, 0), 'left', { id: 'a' });
    await first.profile.observe(point(-1, 0), 'right', { id: 'b' });
    await first.profile[Symbol.asyncDispose]();
    const learner = meanLearner();
    const profile = await openWith(await storeOn(disk), { ...IDLE, learner: () => learner, labels: LABELS });
    await pass(100);
    await vi.waitFor(async () => expect((await profile.current()).number).toBe(1));
    await profile.rollback(0);
    await pass(5000);
    expect(learner.learned).toHaveLength(1);
    await profile.rollback(1);
    await profile.forget('a');
    await pass(100);
    await vi.waitFor(async () => expect(await profile.current()).toMatchObject({ number: 2, examples: ['b'] }));
    await profile[Symbol.asyncDispose]();
  });

  test('a learning that fails is a notice, and predictions go on', async () => {
    const { profile, learner } = await world(IDLE);
    learner.learn = async () => {
      throw new Error('no memory');
    };
    await profile.teach(point(1, 0), 'left');
    await pass(100);
    await vi.waitFor(() => expect(profile.notices).toEqual(['Learning by itself failed: no memory']));
    expect((await profile.predict(point(1, 0))).label).toBe('right');
    await profile[Symbol.asyncDispose]();
  });
});
