import { expose, type Remote, wrap } from 'comlink';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { abortError, LimbeckError } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { callable, moved, packError, registerTransfers, unpackError } from './transfer.ts';

beforeAll(registerTransfers);

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** An object behind a real message channel: everything that goes through is cloned, as between threads. */
function remote<Api extends object>(api: Api): Remote<Api> {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  expose(api, port1);
  return wrap<Api>(port2);
}

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('it did not throw'),
    (error: unknown) => error,
  );
}

/** What becomes of an error that is thrown on the far side. */
function acrossOf(error: unknown): Promise<unknown> {
  const fail = (): never => {
    throw error;
  };
  return thrownBy(remote({ fail }).fail() as Promise<unknown>);
}

describe('errors', () => {
  test('keep class, code, details, cause and stack', async () => {
    const cause = new TypeError('no memory', { cause: new Error('deeper') });
    const error = new LimbeckError('out-of-memory', 'There is no room.', { details: { bytes: 12, at: [1, 2] }, cause });
    const received = await acrossOf(error);
    expect(received).toBeInstanceOf(LimbeckError);
    expect(received).toMatchObject({
      name: 'LimbeckError',
      code: 'out-of-memory',
      help: 'limbeck/docs/help/errors.md#out-of-memory',
      message: 'There is no room.',
      details: { bytes: 12, at: [1, 2] },
      stack: error.stack,
      cause: { name: 'TypeError', message: 'no memory', cause: { message: 'deeper' } },
    });
  });

  test('of other classes keep name and message', async () => {
    const received = await acrossOf(new RangeError('too far'));
    expect(received).toBeInstanceOf(Error);
    expect(received).not.toBeInstanceOf(LimbeckError);
    expect(received).toMatchObject({ name: 'RangeError', message: 'too far' });
    expect('cause' in (received as Error)).toBe(false);
  });

  test('of a cancelled run stay AbortErrors with their reason', async () => {
    const received = await acrossOf(abortError(new Error('the tab closes')));
    expect(received).toBeInstanceOf(DOMException);
    expect(received).toMatchObject({ name: 'AbortError', message: 'The run was cancelled: the tab closes.' });
  });

  test('that are none become some', async () => {
    expect(await acrossOf('a word')).toMatchObject({ name: 'Error', message: 'a word' });
    expect(await acrossOf(undefined)).toMatchObject({ name: 'Error', message: 'undefined' });
  });

  test('are the same packed and unpacked, without a channel', () => {
    const error = new LimbeckError('disposed', 'Gone.');
    expect(unpackError(structuredClone(packError(error)))).toEqual(error);
  });

  test('whose details cannot cross are told in words, not lost', async () => {
    const loop: Record<string, unknown> = { name: 'loop' };
    loop['self'] = loop;
    const details = {
      nan: Number.NaN,
      big: 12n,
      none: undefined,
      values: Float32Array.of(1, 2),
      loop,
      call: () => 7,
      mark: Symbol('mark'),
      holder: { call: () => 7 },
    };
    const received = (await acrossOf(new LimbeckError('internal', 'Odd.', { details }))) as LimbeckError;
    expect(received.code).toBe('internal');
    expect(received.details).toEqual({
      ...details,
      call: '() => 7',
      mark: 'Symbol(mark)',
      holder: '[object Object]',
    });
  });
});

describe('signals', () => {
  /** A far side that tells how the signal it got stands, now and when it is aborted. */
  const watcher = () => {
    let given: AbortSignal | undefined;
    return {
      take(signal: AbortSignal) {
        given = signal;
        return signal.aborted;
      },
      isAborted: () => given?.aborted,
      ended: () =>
        new Promise<string>((resolve) => {
          const tell = () => resolve(`${given?.reason?.name}: ${given?.reason?.message}`);
          if (given?.aborted) tell();
          else given?.addEventListener('abort', tell);
        }),
    };
  };

  test('follow, with their reason', async () => {
    const far = remote(watcher());
    const controller = new AbortController();
    expect(await far.take(controller.signal)).toBe(false);
    expect(await far.isAborted()).toBe(false);
    const ended = far.ended();
    controller.abort(new RangeError('enough'));
    expect(await ended).toBe('RangeError: enough');
    expect(await far.isAborted()).toBe(true);
  });

  test('that are aborted already arrive so', async () => {
    const far = remote(watcher());
    expect(await far.take(AbortSignal.abort(new LimbeckError('disposed', 'Gone.')))).toBe(true);
    expect(await far.ended()).toBe('LimbeckError: Gone.');
  });

  test('without a reason of their own end as AbortError', async () => {
    const far = remote(watcher());
    const controller = new AbortController();
    await far.take(controller.signal);
    controller.abort();
    expect(await far.ended()).toMatch(/^AbortError: /);
  });

  test('go to as many calls as one likes', async () => {
    const [one, two] = [remote(watcher()), remote(watcher())];
    const controller = new AbortController();
    await Promise.all([one.take(controller.signal), two.take(controller.signal)]);
    controller.abort(new Error('both'));
    expect(await Promise.all([one.ended(), two.ended()])).toEqual(['Error: both', 'Error: both']);
  });
});

describe('async iterables', () => {
  async function* counting(to: number, log: string[] = []) {
    try {
      for (let i = 1; i <= to; i++) {
        log.push(`made ${i}`);
        yield i;
      }
    } finally {
      log.push('closed');
    }
  }

  test('are read on the far side, one value after the other', async () => {
    const far = remote({
      async sum(values: AsyncIterable<number>) {
        let sum = 0;
        for await (const value of values) sum += value;
        return sum;
      },
    });
    const log: string[] = [];
    expect(await far.sum(counting(4, log))).toBe(10);
    expect(log).toEqual(['made 1', 'made 2', 'made 3', 'made 4', 'closed']);
  });

  test('make no value that nobody asked for, and are closed when they are left', async () => {
    const log: string[] = [];
    const far = remote({
      async first(values: AsyncIterable<number>) {
        for await (const value of values) return value;
        return undefined;
      },
    });
    expect(await far.first(counting(1000, log))).toBe(1);
    expect(log).toEqual(['made 1', 'closed']);
  });

  test('can be an answer', async () => {
    const far = remote({ count: (to: number) => counting(to) });
    const seen: number[] = [];
    for await (const value of (await far.count(3)) as unknown as AsyncIterable<number>) seen.push(value);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('end with their error, code and all', async () => {
    async function* failing() {
      yield 1;
      throw new LimbeckError('image-unreadable', 'Torn.');
    }
    const seen: number[] = [];
    const read = async () => {
      const far = remote({ open: () => failing() });
      for await (const value of (await far.open()) as unknown as AsyncIterable<number>) seen.push(value);
    };
    expect(await thrownBy(read())).toMatchObject({ code: 'image-unreadable', message: 'Torn.' });
    expect(seen).toEqual([1]);
  });
});

test('a callable is called back, and its errors keep their codes', async () => {
  const far = remote({
    use: async (source: { read(index: number): Promise<number> }, index: number) => (await source.read(index)) + 1,
  });
  const source = {
    async read(index: number) {
      if (index < 0) throw new LimbeckError('invalid-option', 'Below 0.');
      return index * 10;
    },
  };
  expect(await far.use(callable(source) as never, 4)).toBe(41);
  expect(await thrownBy(far.use(callable(source) as never, -1))).toMatchObject({ code: 'invalid-option' });
});

test('moved arrays leave this side and arrive whole', async () => {
  const far = remote({
    take: (arrays: NamedArrays) => Object.entries(arrays).map(([name, { data, shape }]) => [name, [...data], shape]),
  });
  const arrays = {
    a: { data: Float32Array.of(1, 2), shape: [2] },
    b: { data: Uint8Array.of(3, 4, 5, 6), shape: [2, 2] },
  };
  expect(await far.take(moved(arrays))).toEqual([
    ['a', [1, 2], [2]],
    ['b', [3, 4, 5, 6], [2, 2]],
  ]);
  expect([arrays.a.data.byteLength, arrays.b.data.byteLength]).toEqual([0, 0]);
});
