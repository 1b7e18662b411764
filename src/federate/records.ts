// What the entries of a federation hold, as JSON. Each is checked when it is read: anybody may have written it.
import { LimbeckError, messageOf } from '../core/errors.ts';
import { invalidOption } from '../core/options.ts';
import { parseJson } from '../core/parseJson.ts';
import { count, type Field, given, type Optional, oneOf, type Read, required, schema } from '../core/schema.ts';
import { isKeyPart } from './transport.ts';
import type { RejectReason } from './update.ts';

/** Never written: what a newer limbeck writes, an older one refuses. */
const VERSION = 1;
const MOST_CLIENTS = 1_000_000;

const needed = <T>(what: string, is: (value: unknown) => boolean): Field<T, T> => ({
  needed: what,
  read(value, name) {
    if (is(value)) return value;
    throw invalidOption(name, typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : value, what);
  },
});
const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isHash = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const part = needed<string>('a name of letters, digits, "_" and "-"', isKeyPart);
const hash = needed<string>('a SHA-256 in hexadecimal digits', isHash);
const parts = needed<readonly string[]>(
  'a list of different names',
  (value) =>
    Array.isArray(value) &&
    value.length <= MOST_CLIENTS &&
    value.every(isKeyPart) &&
    new Set(value).size === value.length,
);
const whole = (least: number) => required(count(least)());
const version = required(oneOf(VERSION)() as Optional<1>);

const HEAD = schema('the head', {
  version,
  /** What all clients must agree on. */
  settings: needed<Readonly<Record<string, unknown>>>('an object', isRecord),
  /** 'gathering': not enough clients yet. */
  phase: required(oneOf('gathering', 'open', 'done')()),
  /** From 1; 0 while gathering. When done, the last one. */
  round: whole(0),
  /** How often the round was opened, as some of its clients vanished before there were enough updates. From 1. */
  attempt: whole(1),
  /** The clients whose updates the round takes. */
  participants: parts,
  /** SHA-256 of what the round begins with, or of the result. */
  model: hash,
  /** SHA-256 of the record of the last round that was aggregated. */
  record: given<string>((value, name) => void hash.read(value, name)),
});

/** Where a federation stands: the one entry that decides. */
export interface Head extends Read<typeof HEAD> {}

const LEASE = schema('the lease', {
  version,
  /** Who aggregates: the client's name, and its run. */
  holder: part,
  /** Another one when the client starts again. */
  session: part,
  /** Counts on while it works. */
  beat: whole(0),
});

/** Who aggregates, for as long as `beat` goes on. */
export interface Lease extends Read<typeof LEASE> {}

const HEARTBEAT = schema('the heartbeat', {
  version,
  /** Its name. */
  client: part,
  /** Another one when it starts again. */
  session: part,
  /** Counts on while it is there. */
  beat: whole(0),
});

/** That a client is there, for as long as `beat` goes on. */
export interface Heartbeat extends Read<typeof HEARTBEAT> {}

const RECEIPT = schema('the receipt', {
  version,
  /** From 1. */
  round: whole(1),
  /** Who has sent it. */
  client: part,
  hash,
  /** How many the object has. */
  bytes: whole(1),
  /** Of the object's bytes, by the device; how is told by `FederateOptions.signatures`. */
  signature: given<string>((value, name) => {
    if (typeof value !== 'string' || value.length > 1000)
      throw invalidOption(name, '…', 'a text of at most 1,000 letters');
  }),
});

/** That a client has sent its update of a round. There is one, so an update counts once. */
export interface Receipt extends Read<typeof RECEIPT> {}

const isListOf = (is: (value: Record<string, unknown>) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.length <= MOST_CLIENTS && value.every((one) => isRecord(one) && is(one));
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/** An update that counted. */
export interface Contribution {
  readonly client: string;
  readonly examples: number;
  readonly bytes: number;
  readonly hash: string;
}

/** One that did not. */
export interface Rejection {
  readonly client: string;
  readonly why: RejectReason;
}

const REASONS: readonly unknown[] = [
  'malformed',
  'oversized',
  'not-finite',
  'replayed',
  'foreign',
  'unsigned',
  'outlier',
  'missing',
] satisfies readonly RejectReason[];

const ROUND = schema('the record of a round', {
  version,
  /** From 1. */
  round: whole(1),
  /** How often it was opened. */
  attempt: whole(1),
  /** Who aggregated it. */
  by: part,
  /** SHA-256 of what the round began with. */
  base: hash,
  /** SHA-256 of what it gave. */
  result: hash,
  /** The updates that counted. */
  contributions: needed<readonly Contribution[]>(
    'a list of contributions',
    isListOf(
      ({ client, examples, bytes, hash }) => isKeyPart(client) && isCount(examples) && isCount(bytes) && isHash(hash),
    ),
  ),
  /** Those that did not, and why. */
  rejected: needed<readonly Rejection[]>(
    'a list of rejections',
    isListOf(({ client, why }) => isKeyPart(client) && REASONS.includes(why)),
  ),
  /** Clients that took part and sent nothing in time. */
  missing: parts,
  /** SHA-256 of the record before, so that nobody can change one later. */
  before: given<string>((value, name) => void hash.read(value, name)),
});

/** Who contributed to a round, and what was rejected. */
export interface RoundRecord extends Omit<Read<typeof ROUND>, 'version'> {}

const KINDS = { head: HEAD, lease: LEASE, heartbeat: HEARTBEAT, receipt: RECEIPT, round: ROUND };

interface Kinds {
  readonly head: Head;
  readonly lease: Lease;
  readonly heartbeat: Heartbeat;
  readonly receipt: Receipt;
  readonly round: RoundRecord;
}

export function toBytes<Kind extends keyof Kinds>(
  _kind: Kind,
  record: Omit<Kinds[Kind], 'version'>,
): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ version: VERSION, ...record }));
}

/** What grows with the clients, and all of them read. Those of one program share what was read last, which so is read and kept once. */
const lastRead = new Map<'head' | 'round', { readonly text: string; readonly record: Head | RoundRecord }>();
/** A longer text is not kept for others. */
const MOST_SHARED_LETTERS = 10e6;

/** What it gives may be shared, and cannot be changed. Throws    transport-failed: something else lies there */
export function fromBytes<Kind extends keyof Kinds>(kind: Kind, bytes: Uint8Array): Kinds[Kind] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const isShared = kind === 'head' || kind === 'round';
    const last = isShared ? lastRead.get(kind) : undefined;
    if (last?.text === text) return last.record as Kinds[Kind];
    const record = frozen(KINDS[kind].read(parseJson(text) as never)) as unknown as Kinds[Kind];
    if (isShared && text.length <= MOST_SHARED_LETTERS)
      lastRead.set(kind, { text, record: record as Head | RoundRecord });
    return record;
  } catch (error) {
    throw new LimbeckError(
      'transport-failed',
      `${KINDS[kind].subject[0]?.toUpperCase()}${KINDS[kind].subject.slice(1)} of the federation cannot be read: ` +
        `${messageOf(error)} Another program or a newer limbeck has written it; give the federation another name.`,
      { details: { what: kind }, cause: error },
    );
  }
}

/** The value, of JSON, with all that it holds, frozen. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const one of Object.values(value)) frozen(one);
  return Object.freeze(value);
}
