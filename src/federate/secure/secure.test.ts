import { describe, expect, test } from 'vitest';
import { type DeviceKey, deviceKey } from '../deviceKey.ts';
import { agree, isSoundKey, keyPair, platformAgreement, seal, unseal } from './agreement.ts';
import { crowd, plainSum, playRound } from './secureCases.ts';
import { type SecureClient, secureClient } from './secureClient.ts';
import { fromHex, thresholdOf } from './secureRound.ts';
import { secureServer } from './secureServer.ts';

const code = (name: string) => expect.objectContaining({ code: name });

describe('the masked sum is the plain sum, in every bit', () => {
  test.each([3, 4, 7])('of %d clients', async (count) => {
    const all = await crowd(count);
    const { sum } = await playRound(all);
    expect(sum).toEqual({ words: plainSum(all, all.names), clients: all.names });
  });

  // Whose masked words arrived counts, whether it is there at the end or not.
  test.each([1, 2, 3, 4, 5])('when a third of six clients vanishes before step %d', async (step) => {
    const all = await crowd(6);
    const gone = ['client-00', 'client-04'];
    const { sum } = await playRound(all, { [step]: gone });
    const counted = step <= 3 ? all.names.filter((name) => !gone.includes(name)) : all.names;
    expect(sum).toEqual({ words: plainSum(all, counted), clients: counted });
  });

  test('when three of nine clients vanish, each before another step', async () => {
    const all = await crowd(9);
    const { sum } = await playRound(all, { 2: ['client-01'], 3: ['client-05'], 4: ['client-03'] });
    const counted = all.names.filter((name) => !['client-01', 'client-05'].includes(name));
    expect(sum).toEqual({ words: plainSum(all, counted), clients: counted });
  });
});

test.each([1, 2, 3, 4, 5])('too many vanish before step %d: an error, and no sum', async (step) => {
  const all = await crowd(6);
  const gone = all.names.slice(0, step === 1 ? 4 : 3);
  const error = await playRound(all, { [step]: gone }).catch((thrown: unknown) => thrown);
  expect(error).toEqual(code('too-few-clients'));
  expect(error).toMatchObject({ details: { there: 6 - gone.length } });
});

test('the threshold lets a third vanish and holds against a lying server with fewer than a third', () => {
  for (let clients = 3; clients < 2000; clients++) {
    const needed = thresholdOf(clients);
    expect(needed).toBeLessThanOrEqual(clients - Math.floor(clients / 3));
    // Two lists of survivors would need 2t signatures, and only those who work with the server sign twice.
    expect(2 * needed).toBeGreaterThan(clients + Math.ceil(clients / 3) - 1);
  }
});

describe('a server that lies', () => {
  /** Six clients whose masked words have arrived. */
  async function asked() {
    const all = await crowd(6);
    const server = secureServer(all.round);
    const every = async <T>(work: (client: SecureClient, name: string) => Promise<T>) =>
      new Map(
        await Promise.all([...all.clients].map(async ([name, client]) => [name, await work(client, name)] as const)),
      );
    const adverts = await server.adverts([...(await every((client) => client.advertise())).values()]);
    const delivered = server.shares(await every((client) => client.shareSecrets(adverts)));
    await every((client, name) => client.mask(all.words.get(name) as Uint32Array, delivered.get(name) ?? []));
    return { all, every };
  }
  const without = (names: readonly string[], ...gone: string[]) => names.filter((name) => !gone.includes(name));
  const refused = code('aggregation-refused');

  test('about who vanished, to some of the clients: nobody answers', async () => {
    const { all, every } = await asked();
    const [some, others] = [all.names, without(all.names, 'client-01')];
    // Half are told that client-01 has survived, and half that it has vanished.
    const told = (name: string) => (name < 'client-03' ? some : others);
    const signed = await every((client, name) => client.confirm(told(name)));
    const revealed = await every((client) => client.reveal([...signed.values()]).catch((error: unknown) => error));
    expect([...revealed.values()]).toEqual(all.names.map(() => refused));
  });

  test('about who vanished, with too few signatures for either story: nobody answers', async () => {
    const { all, every } = await asked();
    const isFirst = (name: string) => name < 'client-03';
    const signed = await every((client, name) =>
      client.confirm(isFirst(name) ? all.names : without(all.names, 'client-01')),
    );
    const revealed = await every((client, name) => {
      const alike = [...signed.values()].filter((one) => isFirst(one.client) === isFirst(name));
      return client.reveal(alike).catch((error: unknown) => error);
    });
    for (const answer of revealed.values()) expect(answer).toEqual(code('too-few-clients'));
  });

  test('and asks a client twice: it answers one of both', async () => {
    const { all, every } = await asked();
    const confirmations = [...(await every((client) => client.confirm(all.names))).values()];
    const client = all.clients.get('client-00') as SecureClient;
    await expect(client.confirm(without(all.names, 'client-04'))).rejects.toEqual(refused);
    // That it was asked ends nothing: it is still in its turn.
    const again = all.clients.get('client-01') as SecureClient;
    expect(await again.reveal(confirmations)).toHaveLength(6);
    await expect(again.reveal(confirmations)).rejects.toEqual(refused);
  });

  test('names survivors that never took part, or leaves the client itself out', async () => {
    const { all } = await asked();
    const confirm = (name: string, survivors: readonly string[]) =>
      (all.clients.get(name) as SecureClient).confirm(survivors);
    await expect(confirm('client-00', [...all.names, 'nobody'])).rejects.toEqual(refused);
    await expect(confirm('client-01', [...all.names, 'client-02'])).rejects.toEqual(refused);
    await expect(confirm('client-02', without(all.names, 'client-02'))).rejects.toEqual(refused);
    await expect(confirm('client-03', all.names.slice(3))).rejects.toEqual(code('too-few-clients'));
    // A client that has refused answers no more.
    await expect(confirm('client-00', all.names)).rejects.toEqual(refused);
  });

  test('shows keys of its own, devices that nobody knows, or signatures of another round', async () => {
    const all = await crowd(4);
    const adverts = await Promise.all([...all.clients.values()].map((client) => client.advertise()));
    const [first, , third, fourth] = adverts as [never, never, (typeof adverts)[0], (typeof adverts)[0]];
    const fresh = async () => {
      const client = secureClient(all.round, 'client-00', all.devices.get('client-00') as DeviceKey);
      return { client, own: await client.advertise() };
    };
    const stranger = await deviceKey();
    const other = secureClient(
      { ...all.round, session: 'digits/2' },
      'client-03',
      all.devices.get('client-03') as DeviceKey,
    );
    const strange = secureClient(
      { ...all.round, roster: new Map([['stranger', stranger.publicKey]]) },
      'stranger',
      stranger,
    );
    const lists = [
      [third, { ...fourth, pairs: keyPair().public }],
      [third, { ...fourth, channel: third.channel }],
      [third, await other.advertise()],
      [third, await strange.advertise()],
      [third, third],
      [third, { ...fourth, pairs: 'x' }],
      [third, { ...fourth, pairs: '0'.repeat(64) }],
    ];
    for (const list of lists) {
      const { client, own } = await fresh();
      await expect(client.shareSecrets([own, ...list])).rejects.toEqual(refused);
    }
    const { client } = await fresh();
    // Its own keys were replaced by older ones.
    await expect(client.shareSecrets([first, third, fourth])).rejects.toEqual(refused);
    const small = await fresh();
    await expect(small.client.shareSecrets([small.own, third])).rejects.toEqual(code('too-few-clients'));
  });
});

test('what a client sends wrong leaves it out, and wrong shares are noticed', async () => {
  const all = await crowd(9);
  const server = secureServer(all.round);
  const every = async <T>(work: (client: SecureClient, name: string) => Promise<T>) =>
    new Map(
      await Promise.all([...all.clients].map(async ([name, client]) => [name, await work(client, name)] as const)),
    );
  const sent = [...(await every((client) => client.advertise())).values()];
  const forged = { ...(sent[8] as (typeof sent)[0]), commitment: '0'.repeat(64) };
  const adverts = await server.adverts([...sent.slice(0, 8), forged]);
  const shares = new Map<string, Awaited<ReturnType<SecureClient['shareSecrets']>>>();
  for (const [name, client] of [...all.clients].slice(0, 8)) shares.set(name, await client.shareSecrets(adverts));
  shares.set('client-07', (shares.get('client-07') ?? []).slice(1));
  const delivered = server.shares(shares);
  const masked = new Map<string, Uint32Array>();
  for (const [name, client] of [...all.clients].slice(0, 7)) {
    masked.set(name, await client.mask(all.words.get(name) as Uint32Array, delivered.get(name) ?? []));
  }
  masked.set('client-06', new Uint32Array(3));
  const survivors = server.masked(masked);
  expect(survivors).toEqual(all.names.slice(0, 6));
  expect(server.rejected.map(({ client }) => client)).toEqual(['client-08', 'client-07', 'client-06']);
  const confirmations = [];
  for (const name of survivors) confirmations.push(await (all.clients.get(name) as SecureClient).confirm(survivors));
  const signed = await server.confirmations(confirmations);
  const revealed = new Map();
  for (const name of survivors) revealed.set(name, await (all.clients.get(name) as SecureClient).reveal(signed));
  const wrong = revealed.get('client-00').map((one: { about: string }) => ({ ...one, share: new Uint8Array(32) }));
  await expect(server.unmask(new Map([...revealed, ['client-00', wrong]]))).rejects.toEqual(code('aggregation-failed'));
});

test('a device that is not in the roster, or words of another length, are refused before anything is sent', async () => {
  const all = await crowd(3);
  const other = await deviceKey();
  expect(() => secureClient(all.round, 'client-00', other)).toThrow(code('invalid-option'));
  const adverts = await Promise.all([...all.clients.values()].map((client) => client.advertise()));
  const client = all.clients.get('client-00') as SecureClient;
  await client.shareSecrets(adverts);
  await expect(client.mask(new Uint32Array(7), [])).rejects.toEqual(code('invalid-option'));
});

test('two devices agree on a key for each purpose; sealed bytes open with it and only whole', async () => {
  const [a, b] = [keyPair(), keyPair()];
  const key = await agree(a.secret, b.public, 'one');
  expect(await agree(b.secret, a.public, 'one')).toEqual(key);
  expect(await agree(b.secret, a.public, 'two')).not.toEqual(key);
  const sealed = seal(key, Uint8Array.of(1, 2, 3));
  expect(unseal(key, sealed)).toEqual(Uint8Array.of(1, 2, 3));
  for (let i = 0; i < sealed.length; i++) {
    const changed = sealed.map((byte, at) => (at === i ? byte ^ 1 : byte));
    expect(unseal(key, changed)).toBeUndefined();
  }
  expect(unseal(key, sealed.slice(1))).toBeUndefined();
});

test('platform and library agree, and keys that hide nothing are known', async () => {
  const { x25519 } = await import('@noble/curves/ed25519.js');
  const onPlatform = await platformAgreement();
  expect(onPlatform).toBeDefined();
  for (let trial = 0; trial < 5; trial++) {
    const [own, other] = [keyPair(), keyPair()];
    const theirs = fromHex(other.public);
    expect(await onPlatform?.(own.secret, theirs)).toEqual(new Uint8Array(x25519.getSharedSecret(own.secret, theirs)));
    expect(isSoundKey(own.public)).toBe(true);
  }
  // Multiples of p near 2²⁵⁵, the two points of order eight, and all of them with the highest bit set.
  const weak = ['00', '01'].map((first) => `${first}${'00'.repeat(31)}`);
  weak.push('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800');
  weak.push('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157');
  weak.push(...['ec', 'ed', 'ee'].map((first) => `${first}${'ff'.repeat(30)}7f`));
  for (const key of weak) {
    const high = key.slice(0, -2) + (Number.parseInt(key.slice(-2), 16) | 0x80).toString(16);
    for (const one of [key, high]) {
      expect(isSoundKey(one)).toBe(false);
      expect(() => x25519.getSharedSecret(keyPair().secret, fromHex(one))).toThrow();
    }
  }
});
