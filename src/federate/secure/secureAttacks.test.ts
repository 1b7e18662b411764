import { describe, expect, test } from 'vitest';
import type { DeviceKey } from '../deviceKey.ts';
import { agree, keyPair, maskOf } from './agreement.ts';
import { addWords } from './fixedPoint.ts';
import { crowd, playRound, type Traffic } from './secureCases.ts';
import { secureClient } from './secureClient.ts';
import { purposes, thresholdOf } from './secureRound.ts';
import { joinShares } from './shamir.ts';

describe('what the server sees', () => {
  test('one message does not tell two updates apart', async () => {
    const length = 40_000;
    const all = await crowd(3, length);
    // As unlike as updates can be.
    const updates = [new Uint32Array(length), new Uint32Array(length).fill(0x7fffffff)];
    const seen: Uint32Array[] = [];
    for (const update of updates) {
      const words = new Map([...all.words, ['client-01', update]]);
      const { round, names, devices } = all;
      const clients = new Map(names.map((name) => [name, secureClient(round, name, devices.get(name) as DeviceKey)]));
      const { traffic } = await playRound({ ...all, clients, words });
      seen.push(traffic.masked.get('client-01') as Uint32Array);
    }
    for (const words of seen) expect(unevenness(words)).toBeLessThan(6);
    // Unmasked, each is as uneven as can be.
    for (const words of updates) expect(unevenness(words)).toBeGreaterThan(1000);
    const [first, second] = seen as [Uint32Array, Uint32Array];
    expect(Math.abs(correlation(first, second))).toBeLessThan(6 / Math.sqrt(length));
    const difference = first.map((word, i) => word - (second[i] as number));
    expect(unevenness(difference)).toBeLessThan(6);
  });

  test('all traffic of a round recovers no update, and with both secrets of a client it would', async () => {
    const all = await crowd(6, 4000);
    const gone = ['client-02', 'client-05'];
    const { sum, traffic } = await playRound(all, { 3: gone });
    const victim = 'client-04';
    const update = all.words.get(victim) as Uint32Array;
    const guesses = attacks(traffic, victim, sum.clients);
    for (const guess of [...guesses, await withPairsOfTheVanished(all.round.session, traffic, victim, gone)]) {
      expect(unevenness(guess)).toBeLessThan(6);
      expect(Math.abs(correlation(guess, update))).toBeLessThan(6 / Math.sqrt(update.length));
      expect(guess.filter((word, i) => word === update[i]).length).toBeLessThan(3);
    }
    // The same attack works where nothing hides the update but what it takes away: the statistics would show it.
    const open = new Uint32Array(update);
    addWords(open, maskOf(new Uint8Array(32).fill(7), update.length));
    addWords(open, maskOf(new Uint8Array(32).fill(7), update.length), -1);
    expect(unevenness(open)).toBeGreaterThan(1000);
    expect(correlation(open, update)).toBeGreaterThan(0.99);
  });

  test('shares reveal one secret of each client, never both', async () => {
    const all = await crowd(6);
    const { traffic } = await playRound(all, { 3: ['client-02'] });
    for (const shares of traffic.revealed.values()) {
      const about = shares.map((share) => share.about);
      expect(new Set(about).size).toBe(about.length);
    }
    for (const { client, commitment, pairs } of traffic.adverts) {
      const secret = secretOf(traffic, client, thresholdOf(6));
      const isPairs = keyPair(secret).public === pairs;
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', secret));
      const isOwn = Buffer.from(digest).toString('hex') === commitment;
      expect([isPairs, isOwn]).toEqual(client === 'client-02' ? [true, false] : [false, true]);
    }
    // One share fewer gives other bytes.
    const few = secretOf(traffic, 'client-00', thresholdOf(6) - 1);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', few));
    expect(Buffer.from(digest).toString('hex')).not.toBe(traffic.adverts[0]?.commitment);
  });
});

/** Standard deviations by which the bits of words are farther from even than chance, at the worst of 32 places. */
function unevenness(words: Uint32Array): number {
  let worst = 0;
  for (let bit = 0; bit < 32; bit++) {
    const set = words.reduce((count, word) => count + ((word >>> bit) & 1), 0);
    worst = Math.max(worst, Math.abs(set - words.length / 2) / Math.sqrt(words.length / 4));
  }
  const counts = new Float64Array(256);
  for (const word of words) counts[word >>> 24] = (counts[word >>> 24] as number) + 1;
  const expected = words.length / 256;
  const squared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return Math.max(worst, (squared - 255) / Math.sqrt(2 * 255));
}

function correlation(a: Uint32Array, b: Uint32Array): number {
  const signed = (words: Uint32Array) => Float64Array.from(words, (word) => word | 0);
  const centred = (values: Float64Array) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [x, y] = [centred(signed(a)), centred(signed(b))];
  const dot = (u: Float64Array, v: Float64Array) => u.reduce((sum, value, i) => sum + value * (v[i] as number), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y) || 1);
}

/** A secret of a client from so many of the shares that were revealed. */
function secretOf({ adverts, revealed }: Traffic, about: string, count: number) {
  const shares = adverts.flatMap(({ client }, i) => {
    const share = revealed.get(client)?.find((one) => one.about === about);
    return share === undefined ? [] : [{ at: i + 1, bytes: share.share }];
  });
  return joinShares(shares.slice(0, count));
}

/** What a curious server can compute: the message itself, without the client's own mask, and against others'. */
function attacks(traffic: Traffic, victim: string, survivors: readonly string[]): Uint32Array[] {
  const message = traffic.masked.get(victim) as Uint32Array;
  const opened = (name: string) => {
    const words = new Uint32Array(traffic.masked.get(name) as Uint32Array);
    addWords(words, maskOf(secretOf(traffic, name, thresholdOf(traffic.adverts.length)), words.length), -1);
    return words;
  };
  const others = survivors.filter((name) => name !== victim);
  const against = others.flatMap((name) =>
    ([1, -1] as const).map((sign) => {
      const words = opened(victim);
      addWords(words, opened(name), sign);
      return words;
    }),
  );
  // All but one of the others are opened and taken together: that one still hides the victim.
  const mostly = opened(victim);
  for (const name of others.slice(1)) addWords(mostly, opened(name));
  return [message, opened(victim), ...against, mostly];
}

/** The victim's words without its own mask and without those of its pairs with all who vanished. */
async function withPairsOfTheVanished(session: string, traffic: Traffic, victim: string, gone: readonly string[]) {
  const needed = thresholdOf(traffic.adverts.length);
  const words = new Uint32Array(traffic.masked.get(victim) as Uint32Array);
  addWords(words, maskOf(secretOf(traffic, victim, needed), words.length), -1);
  const advert = traffic.adverts.find(({ client }) => client === victim);
  for (const name of gone) {
    const key = await agree(secretOf(traffic, name, needed), advert?.pairs ?? '', purposes.mask(session));
    addWords(words, maskOf(key, words.length), victim < name ? -1 : 1);
  }
  return words;
}
