import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256 } from '../core/hash.ts';
import { virtualClock } from './cases/clockCases.ts';
import { expectExact, resultOf } from './cases/exactCases.ts';
import { codeOf, startToy, type ToyOptions } from './cases/toyCases.ts';
import type { Transport } from './transport.ts';
import { type Loopback, loopback } from './transports/loopback.ts';
import { updateToBytes } from './update.ts';

// The platform computes hashes elsewhere, for which a virtual clock could not wait; the library is loaded before.
beforeEach(async () => {
  vi.stubGlobal('crypto', { randomUUID });
  await sha256(new Uint8Array());
});
afterEach(() => vi.unstubAllGlobals());

describe('a federation of clients that count', () => {
  const start = (federation: Loopback, clock: ToyOptions['clock'], number: number, more: Partial<ToyOptions> = {}) =>
    startToy({ number, clock, transport: federation.open(), ...more });

  test('takes every client in every round, and everybody ends with the same', async () => {
    const [clock, federation] = [virtualClock(), loopback()];
    const pace = { minimumClients: 3 };
    const runs = [0, 1, 2].map((number) => start(federation, clock, number, { pace }));
    const taken = await clock.run(Promise.all(runs.map(({ done }) => done)));
    const { records, counts } = await expectExact(federation, 3);
    expect(counts.slice(0, 3)).toEqual([4, 4, 4]);
    expect(records.every(({ rejected, missing }) => rejected.length === 0 && missing.length === 0)).toBe(true);
    for (const { rounds, sent, late } of taken) {
      expect(rounds.map(({ round }) => round)).toEqual([1, 2, 3, 4]);
      expect(sent).toEqual([1, 2, 3, 4]);
      expect(late).toEqual([]);
    }
    const leading = runs.flatMap(({ events }) => events.filter(({ type }) => type === 'leading'));
    expect(leading).toHaveLength(1);
  });

  test('waits for enough clients, and takes one that comes later from the next round on', async () => {
    const [clock, federation] = [virtualClock(), loopback()];
    const first = start(federation, clock, 0);
    await clock.run(clock.sleep(20_000, new AbortController().signal));
    expect(first.events).toContainEqual({ type: 'waiting', round: 0, present: 1, needed: 2 });
    expect(first.steps).toEqual([]);
    const second = start(federation, clock, 1, { stepMs: () => 5000 });
    await clock.run(clock.sleep(6000, new AbortController().signal));
    const third = start(federation, clock, 2);
    await clock.run(Promise.all([first.done, second.done, third.done]));
    const { counts } = await expectExact(federation, 3);
    expect(counts.slice(0, 2)).toEqual([4, 4]);
    expect(counts[2]).toBeGreaterThan(0);
    expect(counts[2]).toBeLessThan(4);
  });

  test('ends a round at its deadline without a client that is too slow, which goes on with the next', async () => {
    const [clock, federation] = [virtualClock(), loopback()];
    const pace = { minimumClients: 2, roundMs: 4000 };
    const quick = [0, 1].map((number) => start(federation, clock, number, { pace, stepMs: () => 1000 }));
    const slow = start(federation, clock, 2, { pace, stepMs: (round) => (round === 2 ? 60_000 : 1000) });
    await clock.run(Promise.all([...quick, slow].map(({ done }) => done)));
    const { records, counts } = await expectExact(federation, 3);
    expect(records[1]?.missing).toEqual(['c2']);
    expect(counts[2]).toBe(3);
    expect(slow.events).toContainEqual({ type: 'late', round: 2 });
    expect(slow.steps).toEqual([1, 3, 4]);
  });

  test('the last round waits for who is away, takes it in when it is back, and no longer than its deadline', async () => {
    for (const isBack of [true, false]) {
      const [clock, federation] = [virtualClock(), loopback()];
      const pace = { clientsToBegin: 3, clientsToEnd: 3, rounds: 3, roundMs: 20_000 };
      const runs = [0, 1].map((number) => start(federation, clock, number, { pace, stepMs: () => 1000 }));
      const away = start(federation, clock, 2, { pace, stepMs: () => 1000, mayLead: false });
      await clock.run(clock.sleep(1500, new AbortController().signal));
      away.leave();
      await clock.run(clock.sleep(8000, new AbortController().signal));
      const { head } = await resultOf(federation);
      expect([head.phase, head.round]).toEqual(['open', 3]);
      const back = isBack ? [start(federation, clock, 2, { pace, stepMs: () => 1000 })] : [];
      const before = clock.now();
      await clock.run(Promise.all([...runs, ...back].map(({ done }) => done)));
      const { records } = await expectExact(federation, 3, 3);
      const names = records.at(-1)?.contributions.map(({ client }) => client);
      expect(names).toEqual(isBack ? ['c0', 'c1', 'c2'] : ['c0', 'c1']);
      expect(clock.now() - before < 10_000).toBe(isBack);
      expect(clock.now() - before).toBeLessThan(30_000);
      expect(runs.flatMap(({ events }) => events)).toContainEqual({ type: 'waiting', round: 3, present: 2, needed: 3 });
    }
  });

  test('one that leaves while it leads is followed at once', async () => {
    const [clock, federation] = [virtualClock(), loopback()];
    const pace = { vanishMs: 600_000, roundMs: 600_000 };
    const runs = [0, 1, 2].map((number) => start(federation, clock, number, { pace, stepMs: () => 1000 }));
    await clock.run(clock.sleep(2500, new AbortController().signal));
    const leading = runs.findIndex(({ events }) => events.some(({ type }) => type === 'leading'));
    runs[leading]?.leave();
    const left = clock.now();
    const others = runs.filter((_, i) => i !== leading);
    await clock.run(Promise.all(others.map(({ done }) => done)));
    expect(clock.now() - left).toBeLessThan(60_000);
    await expectExact(federation, 3);
  });

  test('another client takes over from one that vanishes while it leads', async () => {
    const [clock, federation] = [virtualClock(), loopback()];
    const first = start(federation, clock, 0, { death: { atCall: 60, isDone: true } });
    const others = [1, 2].map((number) => start(federation, clock, number));
    await clock.run(Promise.all(others.map(({ done }) => done)));
    await first.died;
    expect(first.events).toContainEqual({ type: 'leading', round: 0 });
    await expectExact(federation, 3);
    expect(others.flatMap(({ events }) => events).some(({ type }) => type === 'leading')).toBe(true);
  });

  test('goes on where it was after everybody has left', async () => {
    const [clock, federation] = [virtualClock(), loopback()];
    const before = [0, 1].map((number) => start(federation, clock, number, { stepMs: () => 2000 }));
    await clock.run(clock.sleep(5000, new AbortController().signal));
    for (const { leave } of before) leave();
    const codes = await clock.run(Promise.all(before.map(({ done }) => codeOf(done))));
    expect(codes).toEqual(['AbortError: The run was cancelled.', 'AbortError: The run was cancelled.']);
    const { head } = await resultOf(federation);
    expect(head.round).toBeGreaterThan(1);
    const after = [0, 1].map((number) => start(federation, clock, number));
    await clock.run(Promise.all(after.map(({ done }) => done)));
    const { counts } = await expectExact(federation, 2);
    expect(counts.slice(0, 2)).toEqual([4, 4]);
    for (const [i, { steps }] of after.entries()) expect(before[i]?.steps).not.toContain(steps.at(-1));
  });

  test('takes a part of the clients, chosen by the seed', async () => {
    const play = async () => {
      const [clock, federation] = [virtualClock(), loopback()];
      const pace = { clientsToBegin: 6, participation: 0.5, rounds: 6 };
      const runs = [1, 2, 3, 4, 5, 0].map((number) =>
        start(federation, clock, number, { pace, mayLead: number === 0 }),
      );
      await clock.run(Promise.all(runs.map(({ done }) => done)));
      const { records, counts } = await expectExact(federation, 6, 6);
      expect(records.every(({ contributions }) => contributions.length === 3)).toBe(true);
      expect(
        new Set(records.map(({ contributions }) => contributions.map(({ client }) => client).join())).size,
      ).toBeGreaterThan(1);
      return counts;
    };
    expect(await play()).toEqual(await play());
  });

  test('leaves out what is not an update, says by whom and why, and needs enough of the others', async () => {
    const [clock, federation] = [virtualClock(), loopback()];
    const runs = [0, 1].map((number) => start(federation, clock, number, { pace: { minimumClients: 2 } }));
    const nan = start(federation, clock, 2, { values: () => new Float32Array(16).fill(Number.NaN) });
    await clock.run(Promise.all([...runs, nan].map(({ done }) => done)));
    const { records, counts } = await expectExact(federation, 3);
    expect(counts[2]).toBe(0);
    expect(
      records.some(({ rejected }) => rejected.some(({ client, why }) => client === 'c2' && why === 'not-finite')),
    ).toBe(true);
  });

  test('an update that is replayed from an earlier round, or made for another model, does not count', async () => {
    const [clock, federation] = [virtualClock(), loopback()];
    const transport = federation.open();
    const replay: Transport = {
      ...transport,
      async putObject(key, bytes) {
        const [, round, client] = key.split('/');
        if (client !== 'c2' || round === '1') return transport.putObject(key, bytes);
        // What it sent, or anybody, for another round, under the names of this one.
        const old = await updateToBytes({
          ...{ federation: 'toys', round: 1, client: 'c2', base: 'ab'.repeat(32), kind: 'weights', encoding: 'plain' },
          ...{ examples: 1, values: { count: { data: new Float32Array(16).fill(5), shape: [16] } } },
        });
        return transport.putObject(key, old);
      },
    };
    const runs = [0, 1].map((number) => start(federation, clock, number, { pace: { minimumClients: 2 } }));
    runs.push(startToy({ number: 2, clock, transport: replay, mayLead: false }));
    await clock.run(Promise.all(runs.map(({ done }) => done)));
    const { counts } = await expectExact(federation, 3);
    expect(counts[2]).toBeLessThanOrEqual(1);
  });

  test('refuses a client with other options, and one whose name is taken ends the former', async () => {
    const [clock, federation] = [virtualClock(), loopback()];
    const pace = { minimumClients: 3 };
    const settings = { strategy: 'fedAvg', rounds: 4 };
    const first = start(federation, clock, 0, { pace, settings });
    await clock.run(clock.sleep(2000, new AbortController().signal));
    const other = start(federation, clock, 1, { pace, settings: { ...settings, rounds: 5 } });
    const error = (await clock.run(other.done.catch((thrown: unknown) => thrown))) as { code: string; message: string };
    expect(error.code).toBe('federation-mismatch');
    expect(error.message).toContain('"rounds" is 5 here and 4 there');
    const again = start(federation, clock, 0, { pace, settings });
    expect(await clock.run(codeOf(first.done))).toBe('federation-mismatch');
    again.leave();
    await clock.run(codeOf(again.done));
  });

  test('what others have written there is refused, not believed', async () => {
    for (const text of [
      '',
      '{',
      '[]',
      '{"version":1}',
      '{"version":2,"phase":"open"}',
      `{"__proto__":{"phase":"done"}}`,
    ]) {
      const [clock, federation] = [virtualClock(), loopback()];
      await federation.open().put('head', new TextEncoder().encode(text), 0);
      const { done } = start(federation, clock, 0);
      expect(await clock.run(codeOf(done))).toBe('transport-failed');
    }
  });
});
