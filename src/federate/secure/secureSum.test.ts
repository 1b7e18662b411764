import { describe, expect, test } from 'vitest';
import { type DeviceKey, deviceKey } from '../deviceKey.ts';
import type { Transport } from '../transport.ts';
import { loopback } from '../transports/loopback.ts';
import { crowd, plainSum } from './secureCases.ts';
import { readMessage, writeMessage } from './secureMessages.ts';
import { joinSecureSum, leadSecureSum } from './secureSum.ts';

const code = (name: string) => expect.objectContaining({ code: name });

/** An end that vanishes when it would write its message of a step. */
function vanishing(transport: Transport, step: number, vanish: () => void): Transport {
  return {
    ...transport,
    putObject: async (key, bytes) => {
      if (!key.includes(`/from/${step}/`)) return transport.putObject(key, bytes);
      vanish();
      throw new Error('gone');
    },
  };
}

async function play(count: number, vanish: Readonly<Record<string, number>> = {}) {
  const all = await crowd(count, 50, 'digits-1');
  const federation = loopback();
  const gone = new Set<string>();
  const parts = all.names.map((client) => {
    const end = federation.open();
    const step = vanish[client];
    return joinSecureSum({
      ...{ round: all.round, client },
      transport: step === undefined ? end : vanishing(end, step, () => gone.add(client)),
      device: all.devices.get(client) as DeviceKey,
      words: all.words.get(client) as Uint32Array,
    }).catch((error: unknown) => error);
  });
  const transport = federation.open();
  const isThere = (client: string) => !gone.has(client);
  const sum = await leadSecureSum({ transport, round: all.round, isThere }).catch((error: unknown) => error);
  return { all, sum, transport, parts };
}

describe('a round on a transport', () => {
  test('gives the sum to whoever aggregates, and leaves nothing behind', async () => {
    const { all, sum, transport, parts } = await play(5);
    expect(sum).toEqual({ words: plainSum(all, all.names), clients: all.names, rejected: [] });
    expect(await Promise.all(parts)).toEqual(all.names.map(() => true));
    expect(await transport.list('')).toEqual([]);
  });

  test('goes on without those who vanish, before and after their words arrived', async () => {
    const { all, sum } = await play(6, { 'client-01': 3, 'client-04': 4 });
    const counted = all.names.filter((name) => name !== 'client-01');
    expect(sum).toEqual({ words: plainSum(all, counted), clients: counted, rejected: [] });
  });

  test('ends when too many vanish', async () => {
    const { sum } = await play(3, { 'client-00': 3, 'client-01': 3 });
    expect(sum).toEqual(code('too-few-clients'));
  });
});

test('clients that nobody answers end with an error, or when they are cancelled', async () => {
  const all = await crowd(3, 10, 'digits-2');
  const part = {
    ...{ round: all.round, client: 'client-00', transport: loopback().open() },
    device: all.devices.get('client-00') as DeviceKey,
    words: new Uint32Array(10),
  };
  await expect(joinSecureSum({ ...part, stepMs: 10 })).rejects.toEqual(code('transport-failed'));
  const stop = new AbortController();
  const joining = joinSecureSum({ ...part, transport: loopback().open(), signal: stop.signal });
  setTimeout(() => stop.abort(), 20);
  await expect(joining).rejects.toMatchObject({ name: 'AbortError' });
});

test('what is no message is refused by whoever reads it, and leaves its sender out', async () => {
  const all = await crowd(4, 10, 'digits-3');
  const federation = loopback();
  const bad: Transport = {
    ...federation.open(),
    putObject: (key, bytes) => federation.open().putObject(key, key.includes('/from/1/') ? Uint8Array.of(1, 2) : bytes),
  };
  const parts = all.names.map((client) =>
    joinSecureSum({
      ...{ round: all.round, client },
      transport: client === 'client-02' ? bad : federation.open(),
      device: all.devices.get(client) as DeviceKey,
      words: all.words.get(client) as Uint32Array,
    }).catch((error: unknown) => error),
  );
  const counted = all.names.filter((name) => name !== 'client-02');
  const isThere = (client: string) => client !== 'client-02';
  const sum = await leadSecureSum({ transport: federation.open(), round: all.round, isThere });
  expect(sum).toMatchObject({ words: plainSum(all, counted), clients: counted });
  expect(await parts[2]).toBe(false);

  const bytesOf = (text: string) => new TextEncoder().encode(text);
  for (const kind of [
    'advert',
    'adverts',
    'shares',
    'survivors',
    'confirmation',
    'confirmations',
    'revealed',
  ] as const) {
    for (const text of [
      '',
      'null',
      '5',
      '{}',
      '[5]',
      '[null]',
      '[{"from":1}]',
      `[${'['.repeat(600)}${']'.repeat(600)}]`,
    ]) {
      expect(() => readMessage(kind, bytesOf(text))).toThrow(code('aggregation-refused'));
    }
  }
  expect(() => readMessage('words', new Uint8Array(7))).toThrow(code('aggregation-refused'));
  expect(readMessage('words', writeMessage(Uint32Array.of(1, 0xffffffff)))).toEqual(Uint32Array.of(1, 0xffffffff));
});

test('names that no key can hold are refused before anything is sent', async () => {
  const device = await deviceKey();
  const round = (session: string, client: string) => ({
    session,
    roster: new Map([[client, device.publicKey]]),
    length: 1,
  });
  const transport = loopback().open();
  const refused = code('invalid-option');
  await expect(leadSecureSum({ transport, round: round('a/b', 'a') })).rejects.toEqual(refused);
  await expect(leadSecureSum({ transport, round: round('a', 'a b') })).rejects.toEqual(refused);
  await expect(leadSecureSum({ transport, round: round('a', 'all') })).rejects.toEqual(refused);
});
