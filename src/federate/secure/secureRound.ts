import { canonicalJson } from '../../core/canonicalJson.ts';
import { LimbeckError } from '../../core/errors.ts';
import { toHex } from '../../core/hash.ts';
import { isPublicKey } from '../deviceKey.ts';

// What client and server of a round of secure aggregation both know, and the messages that they exchange, as plain values.

/** What all know before a round of secure aggregation begins. */
export interface SecureRound {
  /** Names this round of this federation and no other, ever: a repeated round would repeat nothing, and must not be taken for one. */
  readonly session: string;
  /** The devices that may take part and their public keys. It must come from elsewhere than whoever aggregates. */
  readonly roster: ReadonlyMap<string, string>;
  /** How many words are added. */
  readonly length: number;
  /**
   * The fewest clients of a round, at least 3, the default. Whoever aggregates chooses who is asked: with many, most of them
   * cannot be devices that work with it.
   */
  readonly fewest?: number;
}

/** 1. A client's keys of this round, signed by its device. */
export interface Advert {
  readonly client: string;
  /** X25519, for what the clients send each other. */
  readonly channel: string;
  /** X25519, for the masks of pairs. */
  readonly pairs: string;
  /** SHA-256 of the key of the client's own mask. */
  readonly commitment: string;
  readonly signature: string;
}

/** 2. Shares of one client's secrets for another, sealed. */
export interface SealedShares {
  readonly from: string;
  readonly to: string;
  readonly sealed: Uint8Array;
}

/** 4. That a client was told these survivors, signed by its device. */
export interface Confirmation {
  readonly client: string;
  readonly signature: string;
}

/** 5. A share of one secret of a client: of its own mask's key if it survived, of its pairs' key if it vanished. */
export interface RevealedShare {
  readonly about: string;
  readonly share: Uint8Array;
}

/**
 * How many clients must answer so that a sum can be unmasked: t of n. A third of the clients may vanish, and whoever
 * aggregates may lie and work together with fewer than a third: 2t > n + (fewer than a third).
 * Source    Bonawitz et al. 2017, §6.2 and figure 2: t > n/2 against a lying server, more if clients work with it
 */
export function thresholdOf(clients: number): number {
  return Math.floor((clients + Math.ceil(clients / 3) - 1) / 2) + 1;
}

/** The fewest clients of which a sum hides anything of each: of two, each knows the other's. */
export const FEWEST_CLIENTS = 3;

/** Throws    too-few-clients */
export function checkEnough(there: number, needed: number, stage: string): void {
  if (there >= needed) return;
  throw new LimbeckError(
    'too-few-clients',
    `${there} clients are left ${stage}, and ${needed} are needed: with fewer the sum cannot be unmasked, or would show ` +
      'what single clients have sent. Nothing was revealed; begin another round with the clients that are there.',
    { details: { there, needed, stage } },
  );
}

/** The error of a client that was asked for what could expose somebody's update. */
export function refusal(why: string): LimbeckError {
  return new LimbeckError(
    'aggregation-refused',
    `This device answers no more in this round of secure aggregation: ${why}. Its update stays hidden.`,
    { details: { why } },
  );
}

/** What a device signs of its keys. */
export function advertText(
  session: string,
  { client, channel, pairs, commitment }: Omit<Advert, 'signature'>,
): Uint8Array {
  return textOf({ what: 'limbeck secure keys 1', session, client, channel, pairs, commitment });
}

/** What a device signs of the survivors: with them, whose keys it was shown, so that nobody was shown others. */
export function survivorsText(session: string, adverts: readonly Advert[], survivors: readonly string[]): Uint8Array {
  const keys = adverts.map(({ client, channel, pairs, commitment }) => [client, channel, pairs, commitment]);
  return textOf({ what: 'limbeck secure survivors 1', session, keys, survivors });
}

/** Purposes of keys: two clients never use one key twice. */
export const purposes = {
  mask: (session: string) => canonicalJson(['limbeck secure mask 1', session]),
  shares: (session: string, from: string, to: string) => canonicalJson(['limbeck secure shares 1', session, from, to]),
};

/** Ordered by client: all compute with the same list. */
export function byClient<T extends { readonly client: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (a.client < b.client ? -1 : a.client > b.client ? 1 : 0));
}

export function isAdvert(value: unknown): value is Advert {
  const { client, channel, pairs, commitment, signature } = (value ?? {}) as Partial<Advert>;
  return (
    typeof client === 'string' &&
    isPublicKey(channel) &&
    isPublicKey(pairs) &&
    isPublicKey(commitment) &&
    isSignature(signature)
  );
}

export function isSignature(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{128}$/.test(value);
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export const hex = toHex;

function textOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}
