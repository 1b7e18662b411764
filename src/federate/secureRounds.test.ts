import { describe, expect, test } from 'vitest';
import { openBoard } from './board.ts';
import { startToy } from './cases/toyCases.ts';
import { deviceClock } from './clock.ts';
import { type DeviceKey, deviceKey } from './deviceKey.ts';
import { checkSecure, type Secure } from './secure/secureOptions.ts';
import { modelRound } from './session.ts';
import { sharedFromBytes } from './sharedFile.ts';
import type { Transport } from './transport.ts';
import { type Loopback, loopback } from './transports/loopback.ts';

const PACE = { rounds: 2, minimumClients: 3, roundMs: 60_000, beatMs: 30, vanishMs: 60_000 };

async function crowd(count: number) {
  const names = Array.from({ length: count }, (_, i) => `c${i}`);
  const devices = new Map<string, DeviceKey>();
  for (const name of names) devices.set(name, await deviceKey());
  const roster = new Map([...devices].map(([name, { publicKey }]) => [name, publicKey]));
  const secureOf = (name: string): Secure => ({
    ...{ roster, range: 4, mostWeight: 10, fewest: 3 },
    device: devices.get(name) as DeviceKey,
  });
  return { names, secureOf };
}

async function countsOf(federation: Loopback) {
  const signal = new AbortController().signal;
  const board = openBoard(federation.open(), {
    ...{ clock: deviceClock, signal, offlineMs: 0, mostModelBytes: 1e6, notice: () => undefined },
  });
  const head = (await board.head())?.record;
  if (head === undefined) throw new Error('the federation has no head');
  const { count } = await sharedFromBytes(await board.model(modelRound(head), head.model), { count: [16] });
  return Array.from(count?.data ?? []);
}

/** Everything that is written, by key. */
function recorded(transport: Transport, seen: Map<string, Uint8Array>): Transport {
  return {
    ...transport,
    putObject: async (key, bytes) => {
      seen.set(key, bytes.slice());
      return transport.putObject(key, bytes);
    },
  };
}

describe('a federation under secure aggregation', () => {
  test('learns the mean of all changes, and nobody writes an update', async () => {
    const federation = loopback();
    const { names, secureOf } = await crowd(3);
    const seen = new Map<string, Uint8Array>();
    const runs = names.map((name, number) =>
      startToy({
        ...{ number, clock: deviceClock, pace: PACE, secure: secureOf(name) },
        transport: recorded(federation.open(), seen),
      }),
    );
    const taken = await Promise.all(runs.map(({ done }) => done));
    for (const { sent, rounds } of taken) {
      expect(sent).toEqual([1, 2]);
      expect(rounds.map(({ contributions }) => contributions.map(({ client }) => client))).toEqual([names, names]);
    }
    const counts = await countsOf(federation);
    for (const [i, count] of counts.entries()) expect(count).toBeCloseTo(i < 3 ? 2 / 3 : 0, 5);
    expect([...seen.keys()].filter((key) => key.startsWith('updates/'))).toEqual([]);
    expect([...seen.keys()].filter((key) => /^secure\/.*\/from\/3\//.test(key))).toHaveLength(6);
    // What lies there at the end says nothing of a round's messages.
    expect(await federation.open().list('secure/')).toEqual([]);
  });

  test('loses the round in which whoever led leaves, and goes on: nobody gives to two sums of a round', async () => {
    const federation = loopback();
    const { names, secureOf } = await crowd(5);
    const seen = new Map<string, Uint8Array>();
    const runs = names.map((name, number) =>
      startToy({
        ...{
          number,
          clock: deviceClock,
          pace: { ...PACE, minimumClients: 4, rounds: 4, vanishMs: 3000 },
          secure: secureOf(name),
        },
        ...{ transport: recorded(federation.open(), seen), stepMs: () => 20 },
      }),
    );
    const isUnderway = () => runs.some(({ events }) => events.some((one) => one.type === 'round' && one.round === 2));
    while (!isUnderway()) await new Promise((resolve) => setTimeout(resolve, 5));
    const gone = runs.findIndex(({ events }) => events.some(({ type }) => type === 'leading'));
    runs[gone]?.leave();
    const taken = await Promise.all(runs.filter((_, i) => i !== gone).map(({ done }) => done));
    const [{ rounds }] = taken as [(typeof taken)[0]];
    expect(rounds.map(({ round }) => round)).toEqual([1, 2, 3, 4]);
    const full = rounds.filter(({ contributions }) => contributions.length > 0);
    expect(full.length).toBeGreaterThanOrEqual(1);
    for (const { base, result, contributions } of rounds) if (contributions.length === 0) expect(result).toBe(base);
    // Each round that was not lost adds 1 in all, in equal shares of those who took part.
    const counts = await countsOf(federation);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeCloseTo(full.length, 4);
    const masked = [...seen.keys()].filter((key) => /\/from\/3\//.test(key)).map((key) => key.split('/'));
    const perRound = masked.map(([, session = '', , , client]) => `${session.split('-')[1]} ${client}`);
    expect(new Set(perRound).size).toBe(perRound.length);
  });
});

test('a device that the roster does not know is refused', async () => {
  const { secureOf } = await crowd(3);
  const refused = expect.objectContaining({ code: 'invalid-option' });
  expect(() => checkSecure(secureOf('c0'), 'c1')).toThrow(refused);
  expect(() => checkSecure({ ...secureOf('c0'), roster: new Map() }, 'c0')).toThrow(refused);
});
