// What must be true of a federation of clients that count, when it is over. Only tests import this file.
import { expect } from 'vitest';
import { openBoard } from '../board.ts';
import type { RoundRecord } from '../records.ts';
import { modelRound } from '../session.ts';
import { sharedFromBytes } from '../sharedFile.ts';
import type { Loopback } from '../transports/loopback.ts';
import { virtualClock } from './clockCases.ts';
import { PACE } from './toyCases.ts';

/** What lies in the transport at the end. */
export async function resultOf(federation: Loopback) {
  const clock = virtualClock();
  const board = openBoard(federation.open(), {
    ...{ clock, signal: new AbortController().signal, offlineMs: 0, mostModelBytes: 1e6, notice: () => undefined },
  });
  const head = (await board.head())?.record;
  if (head === undefined) throw new Error('the federation has no head');
  const records: RoundRecord[] = [];
  let at = head.phase === 'done' ? head.round : head.round - 1;
  for (let hash = head.record; hash !== undefined; at--) {
    const record = await board.record(at, hash);
    if (record === undefined) throw new Error(`round ${at} has no record`);
    records.unshift(record);
    hash = record.before;
  }
  const values = await sharedFromBytes(await board.model(modelRound(head), head.model), { count: [16] });
  return { head, records, counts: Array.from(values['count']?.data ?? []) };
}

/** Each update counts once, in the round for which it was made, and the result is the sum of what the records tell. */
export async function expectExact(federation: Loopback, clients: number, rounds = PACE.rounds) {
  const { head, records, counts } = await resultOf(federation);
  expect(head.phase).toBe('done');
  expect(records.map(({ round }) => round)).toEqual(Array.from({ length: rounds }, (_, i) => i + 1));
  const told = new Array<number>(16).fill(0);
  for (const { contributions } of records) {
    const names = contributions.map(({ client }) => client);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(PACE.minimumClients);
    for (const name of names) told[Number(name.slice(1))] = (told[Number(name.slice(1))] ?? 0) + 1;
  }
  expect(counts).toEqual(told);
  expect(counts.slice(clients).every((count) => count === 0)).toBe(true);
  return { records, counts };
}
