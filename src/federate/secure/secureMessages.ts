import { LimbeckError, messageOf } from '../../core/errors.ts';
import { parseJson } from '../../core/parseJson.ts';
import { isTagged } from '../../core/tags.ts';
import {
  type Advert,
  type Confirmation,
  fromHex,
  hex,
  isAdvert,
  isSignature,
  type RevealedShare,
  type SealedShares,
} from './secureRound.ts';

// The messages of a round as bytes. They come from anybody, so each is checked when it is read.

interface Messages {
  readonly advert: Advert;
  readonly adverts: readonly Advert[];
  readonly shares: readonly SealedShares[];
  readonly words: Uint32Array<ArrayBuffer>;
  readonly survivors: readonly string[];
  readonly confirmation: Confirmation;
  readonly confirmations: readonly Confirmation[];
  readonly revealed: readonly RevealedShare[];
}

/** JSON with bytes as hexadecimal digits; words are four bytes each, least significant first. */
export function writeMessage(message: unknown): Uint8Array<ArrayBuffer> {
  if (isWords(message)) {
    const view = new DataView(new ArrayBuffer(4 * message.length));
    for (const [i, word] of message.entries()) view.setUint32(4 * i, word, true);
    return new Uint8Array(view.buffer);
  }
  const text = JSON.stringify(message, (_, value: unknown) => (isTagged(value, 'Uint8Array') ? hex(value) : value));
  return new TextEncoder().encode(text);
}

/** Throws    aggregation-refused: other bytes than a message of that kind */
export function readMessage<Kind extends keyof Messages>(kind: Kind, bytes: Uint8Array<ArrayBuffer>): Messages[Kind] {
  try {
    const value = kind === 'words' ? bytes : parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return READ[kind](value) as Messages[Kind];
  } catch (error) {
    throw new LimbeckError(
      'aggregation-refused',
      `A message of secure aggregation cannot be read as ${kind}: ${messageOf(error)}. Nothing was revealed.`,
      { details: { why: 'malformed', kind }, cause: error },
    );
  }
}

/** Returns names, in order. Throws    aggregation-refused: one comes twice */
export function checkSurvivors(names: readonly string[]): readonly string[] {
  if (new Set(names).size === names.length) return names;
  throw new LimbeckError('aggregation-refused', 'A client is named twice among the survivors. Nothing was revealed.', {
    details: { why: 'malformed', kind: 'survivors' },
  });
}

const READ: { readonly [Kind in keyof Messages]: (value: unknown) => Messages[Kind] } = {
  advert: (value) => (isAdvert(value) ? value : fail('no keys')),
  adverts: (value) => listOf(value, READ.advert),
  shares: (value) =>
    listOf(value, (one) => ({ from: textIn(one, 'from'), to: textIn(one, 'to'), sealed: bytesIn(one, 'sealed') })),
  words(value) {
    const bytes = value as Uint8Array<ArrayBuffer>;
    if (bytes.length % 4 !== 0) fail('a part of a word');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
  },
  survivors: (value) => listOf(value, (one) => (typeof one === 'string' ? one : fail('no name'))),
  confirmation: (value) => ({ client: textIn(value, 'client'), signature: signatureIn(value) }),
  confirmations: (value) => listOf(value, READ.confirmation),
  revealed: (value) => listOf(value, (one) => ({ about: textIn(one, 'about'), share: bytesIn(one, 'share') })),
};

function fail(what: string): never {
  throw new SyntaxError(what);
}

function listOf<T>(value: unknown, read: (one: unknown) => T): readonly T[] {
  return Array.isArray(value) ? value.map(read) : fail('no list');
}

function textIn(value: unknown, name: string): string {
  const text = (value as Readonly<Record<string, unknown>> | null)?.[name];
  return typeof text === 'string' && text.length <= 128 ? text : fail(`no "${name}"`);
}

function bytesIn(value: unknown, name: string): Uint8Array<ArrayBuffer> {
  const text = (value as Readonly<Record<string, unknown>> | null)?.[name];
  return typeof text === 'string' && text.length <= 1000 && /^([0-9a-f]{2})*$/.test(text)
    ? fromHex(text)
    : fail(`no "${name}"`);
}

function signatureIn(value: unknown): string {
  const text = (value as Readonly<Record<string, unknown>> | null)?.['signature'];
  return isSignature(text) ? text : fail('no signature');
}

function isWords(value: unknown): value is Uint32Array {
  return Object.prototype.toString.call(value) === '[object Uint32Array]';
}
