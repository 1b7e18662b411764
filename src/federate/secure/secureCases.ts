// Rounds of secure aggregation for tests: who takes part, who vanishes when, and everything that the server saw.
import { seededRandom } from '../../core/random.ts';
import { type DeviceKey, deviceKey } from '../deviceKey.ts';
import { addWords } from './fixedPoint.ts';
import { type SecureClient, secureClient } from './secureClient.ts';
import type { Advert, Confirmation, RevealedShare, SealedShares, SecureRound } from './secureRound.ts';
import { type SecureSum, secureServer } from './secureServer.ts';

export interface Crowd {
  readonly round: SecureRound;
  readonly names: readonly string[];
  readonly devices: ReadonlyMap<string, DeviceKey>;
  readonly clients: ReadonlyMap<string, SecureClient>;
  readonly words: ReadonlyMap<string, Uint32Array>;
}

/** Devices with words that look like updates: small numbers of both signs. */
export async function crowd(count: number, length = 200, session = 'digits/1'): Promise<Crowd> {
  const names = Array.from({ length: count }, (_, i) => `client-${String(i).padStart(2, '0')}`);
  const devices = new Map<string, DeviceKey>();
  for (const name of names) devices.set(name, await deviceKey());
  const roster = new Map([...devices].map(([name, { publicKey }]) => [name, publicKey]));
  const round = { session, roster, length };
  const random = seededRandom(count);
  return {
    ...{ round, names, devices },
    clients: new Map(names.map((name) => [name, secureClient(round, name, devices.get(name) as DeviceKey)])),
    words: new Map(
      names.map((name) => [name, Uint32Array.from({ length }, () => Math.round(2000 * (random() - 0.5)))]),
    ),
  };
}

/** The plain sum of some clients' words. */
export function plainSum({ words, round }: Crowd, names: readonly string[]): Uint32Array {
  const sum = new Uint32Array(round.length);
  for (const name of names) addWords(sum, words.get(name) as Uint32Array);
  return sum;
}

/** Everything that passes the server in a round. */
export interface Traffic {
  adverts: readonly Advert[];
  shares: Map<string, readonly SealedShares[]>;
  masked: Map<string, Uint32Array>;
  confirmations: readonly Confirmation[];
  revealed: Map<string, readonly RevealedShare[]>;
}

/** Plays a round in which clients vanish before the step of a number from 1 to 5. */
export async function playRound(
  { round, names, clients, words }: Crowd,
  vanish: Readonly<Partial<Record<number, readonly string[]>>> = {},
): Promise<{ readonly sum: SecureSum; readonly traffic: Traffic }> {
  const server = secureServer(round);
  let there = names;
  const leave = (step: number) => {
    there = there.filter((name) => !vanish[step]?.includes(name));
    return there.map((name) => [name, clients.get(name) as SecureClient] as const);
  };
  const each = async <T>(step: number, work: (client: SecureClient, name: string) => Promise<T>) =>
    new Map(await Promise.all(leave(step).map(async ([name, client]) => [name, await work(client, name)] as const)));

  const adverts = await server.adverts([...(await each(1, (client) => client.advertise())).values()]);
  const shares = await each(2, (client) => client.shareSecrets(adverts));
  const delivered = server.shares(shares);
  const masked = await each(3, (client, name) =>
    client.mask(words.get(name) as Uint32Array, delivered.get(name) ?? []),
  );
  const survivors = server.masked(masked);
  const confirmed = await each(4, (client) => client.confirm(survivors));
  const confirmations = await server.confirmations([...confirmed.values()]);
  const revealed = await each(5, (client) => client.reveal(confirmations));
  const sum = await server.unmask(revealed);
  return { sum, traffic: { adverts, shares, masked, confirmations, revealed } };
}
