import { afterEach, describe, expect, test, vi } from 'vitest';
import { exclusively, exclusivelyIfFree } from './lock.ts';

afterEach(() => vi.unstubAllGlobals());

/** The part of the Web Locks API that is used, after its specification: first come, first served. */
function fakeLocks() {
  const held = new Map<string, Promise<unknown>>();
  return {
    async request(
      name: string,
      { signal, ifAvailable }: { signal?: AbortSignal; ifAvailable?: boolean },
      work: (lock: object | null) => Promise<unknown>,
    ) {
      const before = held.get(name);
      if (ifAvailable && before !== undefined) return work(null);
      const given = Promise.resolve(before).then(() => {
        signal?.throwIfAborted();
        return work({});
      });
      const ended = given.catch(() => undefined).then(() => void (held.get(name) === ended && held.delete(name)));
      held.set(name, ended);
      if (signal === undefined) return given;
      return Promise.race([
        given,
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      ]);
    },
  };
}

describe.each(['Web Locks', 'none'])('turns, with %s', (kind) => {
  const begin = () => vi.stubGlobal('navigator', kind === 'none' ? undefined : { locks: fakeLocks() });

  test('work of one name is done one after the other, of two names at once', async () => {
    begin();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      log.push(`${name} ends`);
      return name;
    };
    const done = await Promise.all([
      exclusively('x', work('a')),
      exclusively('x', work('b')),
      exclusively('y', work('c')),
    ]);
    expect(done).toEqual(['a', 'b', 'c']);
    expect(log.filter((line) => !line.startsWith('c'))).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    expect(log.indexOf('c begins')).toBeLessThan(log.indexOf('a ends'));
  });

  test('work that fails gives the lock back', async () => {
    begin();
    await expect(exclusively('x', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await exclusively('x', async () => 1)).toBe(1);
  });

  test('who waits can leave; who works ends by itself', async () => {
    begin();
    let finish = () => {};
    const working = exclusively('x', () => new Promise<void>((resolve) => (finish = resolve)));
    const controller = new AbortController();
    const waiting = exclusively('x', async () => 1, controller.signal);
    const left = expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    controller.abort(new Error('enough'));
    await left;
    finish();
    await working;
    await expect(exclusively('x', async () => 1, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
    expect(await exclusively('x', async () => 2)).toBe(2);
  });

  test('what is done only where it is free is left out otherwise', async () => {
    begin();
    let finish = () => {};
    const working = exclusively('x', () => new Promise<void>((resolve) => (finish = resolve)));
    expect(await exclusivelyIfFree('x', async () => 1)).toBeUndefined();
    finish();
    await working;
    await vi.waitFor(async () => expect(await exclusivelyIfFree('x', async () => 1)).toBe(1));
  });
});
