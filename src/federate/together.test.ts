import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Trainer } from '../train/trainer.ts';
import { labelledPoints, makeMlp, openHere, QUICK, weightsOf } from './cases/federateCases.ts';
import { deviceKey, federate, int8, loopback, median, signatures } from './public.ts';

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openHere();
});
afterAll(() => trainer[Symbol.asyncDispose]());

test('updates are shortened, signed and combined by their median, and one that is not signed by its device is left out', async () => {
  const keys = await Promise.all([0, 1, 2, 3].map(() => deviceKey()));
  const roster = new Map(keys.map(({ publicKey }, i) => [`c${i}`, publicKey]));
  const federation = loopback();
  const runs = keys.map(async (key, i) => {
    // The last one signs with a key that nobody knows.
    const device = i === 3 ? await deviceKey() : key;
    return federate({
      ...{ transport: federation.open(), trainer, rounds: 2, minimumClients: 3, clientsToBegin: 4, ...QUICK },
      ...{ student: makeMlp(), data: labelledPoints(24, 40 + i), client: `c${i}`, batchSize: 8 },
      ...{ encoding: int8(), combine: median(), signatures: signatures({ device, roster }) },
    }).done;
  });
  const results = await Promise.all(runs);
  for (const { student, report } of results) {
    expect(weightsOf(student)).toEqual(weightsOf((results[0] as (typeof results)[number]).student));
    for (const { contributions, rejected } of report.rounds) {
      expect(contributions.map(({ client }) => client)).toEqual(['c0', 'c1', 'c2']);
      expect(rejected).toEqual([{ client: 'c3', why: 'unsigned' }]);
    }
  }
});

test('a client that leaves the records out never asks for them, tells of no contribution and gets the same student', async () => {
  const federation = loopback();
  const told: string[][] = [[], []];
  const asked: string[][] = [[], []];
  const runs = [true, false].map(async (records, i) => {
    const end = federation.open();
    const getObject = (key: string, mostBytes: number) => {
      if (key.startsWith('rounds/')) asked[i]?.push(key);
      return end.getObject(key, mostBytes);
    };
    const run = federate({
      // Whoever aggregates reads the record before its own.
      ...{ transport: { ...end, getObject }, trainer, rounds: 2, records, mayAggregate: records, ...QUICK },
      ...{ student: makeMlp(), data: labelledPoints(24, 60 + i), client: `c${i}`, batchSize: 8 },
    });
    for await (const { type } of run) told[i]?.push(type);
    return run.done;
  });
  const [reader, other] = await Promise.all(runs);
  expect(weightsOf(other?.student as never)).toEqual(weightsOf(reader?.student as never));
  expect(told.map((types) => types.filter((type) => type === 'aggregated').length)).toEqual([2, 0]);
  expect(asked[0]).not.toEqual([]);
  expect(asked[1]).toEqual([]);
  expect(reader?.report.contributions).toEqual({ c0: 2, c1: 2 });
  expect(other?.report).toMatchObject({ rounds: [], contributions: {}, sent: [1, 2] });
});
