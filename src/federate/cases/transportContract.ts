// What every transport must do, for vitest and for a page in a real browser alike.
import { bytes, equal, same, throwsCode } from '../../core/contractCases.ts';
import type { Transport } from '../transport.ts';

/** Opens another end of the same federation: what one writes, the others read. */
export type OpenEnd = () => Promise<Transport>;

/** One promise that every transport keeps. Each check needs a federation of its own. */
export interface TransportCheck {
  readonly name: string;
  /** Throws where the promise is broken. */
  readonly run: (open: OpenEnd) => Promise<void>;
}

export const transportContract: readonly TransportCheck[] = [
  check('an entry is created once, and everybody reads it', async (open) => {
    const [one, other] = [await open(), await open()];
    equal(await one.get('head'), undefined, 'an entry that is not there');
    const revision = await one.put('head', bytes(1, 2), 0);
    equal((revision ?? 0) > 0, true, 'a revision above 0');
    equal(await other.put('head', bytes(3), 0), undefined, 'the second creation');
    const entry = await other.get('head');
    equal([...(entry?.value ?? [])], [1, 2], 'the value');
    equal(entry?.revision, revision, 'the revision');
  }),

  check('a put that names an old revision changes nothing', async (open) => {
    const [one, other] = [await open(), await open()];
    const first = (await one.put('lease', bytes(1), 0)) as number;
    const second = (await other.put('lease', bytes(2), first)) as number;
    equal(second > first, true, 'revisions grow');
    equal(await one.put('lease', bytes(3), first), undefined, 'an old revision');
    equal(await one.put('lease', bytes(3), second + 1000), undefined, 'a revision that never was');
    equal([...((await one.get('lease'))?.value ?? [])], [2], 'the value');
  }),

  check('of many clients that put at once, one wins each time', async (open) => {
    const ends = await Promise.all(Array.from({ length: 5 }, () => open()));
    let revision = 0;
    for (let turn = 1; turn <= 5; turn++) {
      const before = revision;
      const won = (await Promise.all(ends.map((end, i) => end.put('head', bytes(turn, i), before)))).map((r) => r ?? 0);
      equal(won.filter((one) => one > 0).length, 1, `winners of turn ${turn}`);
      revision = Math.max(...won);
      const winner = won.findIndex((one) => one > 0);
      equal([...((await ends[0]?.get('head'))?.value ?? [])], [turn, winner], 'the value of the winner');
    }
  }),

  check('an entry that was deleted can be created again', async (open) => {
    const [one, other] = [await open(), await open()];
    await one.put('clients/a', bytes(1), 0);
    await other.delete('clients/a');
    await other.delete('clients/a');
    equal(await one.get('clients/a'), undefined, 'a deleted entry');
    equal(await one.list('clients/'), [], 'keys after deletion');
    equal(((await one.put('clients/a', bytes(2), 0)) ?? 0) > 0, true, 'created again');
    equal([...((await other.get('clients/a'))?.value ?? [])], [2], 'the value');
  }),

  check('lists entries by prefix, in order, and no objects', async (open) => {
    const [one, other] = [await open(), await open()];
    const keys = ['clients/A', 'clients/a', 'clients/a_1', 'updates/1/a', 'updates/1/b', 'updates/10/a', 'updates/2/a'];
    for (const key of [...keys].reverse()) await one.put(key, bytes(1), 0);
    await one.putObject('updates/1/c', bytes(9));
    equal(await other.list(''), keys, 'all keys');
    equal(await other.list('updates/1/'), ['updates/1/a', 'updates/1/b'], 'keys of a round');
    equal(await other.list('updates/1'), ['updates/1/a', 'updates/1/b', 'updates/10/a'], 'keys by the start of a part');
    equal(await other.list('none/'), [], 'keys of nothing');
  }),

  check('tells who watches of what others change, below the prefix only', async (open) => {
    const [one, other] = [await open(), await open()];
    const stop = new AbortController();
    const seen = new Set<string>();
    let began = () => {};
    const beginning = new Promise<void>((resolve) => {
      began = resolve;
    });
    const watching = (async () => {
      for await (const key of other.watch('updates/1/', stop.signal)) {
        seen.add(key);
        if (key === 'updates/1/first') began();
        if (seen.has('updates/1/b') && seen.has('updates/1/a')) stop.abort();
      }
    })();
    // When a watch begins is not promised, so the first change is repeated until it is seen.
    let revision = 0;
    let isSeen = false;
    void beginning.then(() => {
      isSeen = true;
    });
    for (let tries = 0; tries < 500 && !isSeen; tries++) {
      revision = (await one.put('updates/1/first', bytes(tries & 255), revision)) as number;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await beginning;
    await one.put('updates/2/x', bytes(1), 0);
    await one.put('updates/1/a', bytes(1), 0);
    await one.put('updates/1/b', bytes(1), 0);
    await watching;
    equal([...seen].sort(), ['updates/1/a', 'updates/1/b', 'updates/1/first'], 'what was told');
  }),

  check('ends a watch without an error when its signal aborts, before and while it waits', async (open) => {
    const end = await open();
    const aborted = new AbortController();
    aborted.abort();
    for await (const _ of end.watch('', aborted.signal)) throw new Error('nothing changes');
    const stop = new AbortController();
    const watching = (async () => {
      for await (const _ of end.watch('never/', stop.signal)) throw new Error('nothing changes');
    })();
    await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    await watching;
  }),

  check('keeps objects whole, large and empty ones, replaces and removes them', async (open) => {
    const [one, other] = [await open(), await open()];
    const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
    equal(await one.getObject('models/1/x', 10), undefined, 'an object that is not there');
    await one.putObject('models/1/x', large);
    same(await other.getObject('models/1/x', large.length), large);
    equal(await other.getObject('models/1/x', large.length - 1), undefined, 'an object of too many bytes');
    await other.putObject('models/1/x', bytes());
    same(await one.getObject('models/1/x', 10), bytes());
    await one.deleteObject('models/1/x');
    await one.deleteObject('models/1/x');
    equal(await other.getObject('models/1/x', 10), undefined, 'a removed object');
    equal(await other.get('models/1/x'), undefined, 'an entry of the object’s key');
  }),

  check('keeps copies: changing what was put or got changes nothing', async (open) => {
    const end = await open();
    const whole = bytes(9, 1, 2, 9);
    const putting = [end.put('head', whole.subarray(1, 3), 0), end.putObject('models/1/x', whole.subarray(1, 3))];
    whole.fill(7);
    await Promise.all(putting);
    (await end.get('head'))?.value.fill(8);
    (await end.getObject('models/1/x', 10))?.fill(8);
    same((await end.get('head'))?.value, bytes(1, 2));
    same(await end.getObject('models/1/x', 10), bytes(1, 2));
  }),

  check('refuses keys and values of another form by code', async (open) => {
    const end = await open();
    const long = 'a'.repeat(129);
    for (const key of [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/../b',
      'a b',
      'a.b',
      'ä',
      'a*',
      'a>',
      long,
      `${'a/'.repeat(8)}a`,
    ]) {
      await throwsCode('invalid-option', () => end.put(key, bytes(1), 0));
      await throwsCode('invalid-option', () => end.get(key));
      await throwsCode('invalid-option', () => end.delete(key));
      await throwsCode('invalid-option', () => end.putObject(key, bytes(1)));
      await throwsCode('invalid-option', () => end.getObject(key, 10));
      await throwsCode('invalid-option', () => end.deleteObject(key));
    }
    await throwsCode('invalid-option', () => end.put('head', 'text' as unknown as Uint8Array, 0));
    await throwsCode('invalid-option', () => end.putObject('a', 'text' as unknown as Uint8Array));
    equal(await end.list(''), [], 'keys');
  }),

  check('keeps everything when an end goes, and may be disposed twice', async (open) => {
    const [one, other] = [await open(), await open()];
    await one.put('head', bytes(1), 0);
    await one.putObject('models/1/x', bytes(2));
    await one[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
    same((await other.get('head'))?.value, bytes(1));
    same(await other.getObject('models/1/x', 10), bytes(2));
    await throwsCode('disposed', () => one.get('head'));
    await throwsCode('disposed', () => one.put('head', bytes(2), 0));
    await throwsCode('disposed', () => one.list(''));
    await throwsCode('disposed', () => one.getObject('models/1/x', 10));
    await throwsCode('disposed', () => one.putObject('models/1/x', bytes(1)));
  }),
];

function check(name: string, body: (open: OpenEnd) => Promise<void>): TransportCheck {
  const run = async (open: OpenEnd) => {
    const opened: Transport[] = [];
    try {
      await body(async () => {
        const end = await open();
        opened.push(end);
        return end;
      });
    } finally {
      for (const end of opened) await end[Symbol.asyncDispose]();
    }
  };
  return { name, run };
}
