import { LimbeckError } from '../core/errors.ts';
import { isTagged } from '../core/tags.ts';

/** The value of an entry, and how often it has changed: any number above 0 that grows with each change. */
export interface Entry {
  readonly value: Uint8Array<ArrayBuffer>;
  readonly revision: number;
}

/**
 * What carries one federation between its clients. It knows nothing of learning: it keeps small entries that change, each
 * with a revision, and large objects that do not.
 *
 * Everything a federation remembers lies here, so a client that was away, or all of them, go on from what is here.
 * Two rules carry the rest. A `put` names the revision that it replaces, so of two clients that write the same entry one
 * loses and is told so. An object is written before the entry that names it, and is called by its hash, so nobody sees an
 * entry whose object is not whole, and writing it again changes nothing.
 *
 * A transport need not order the changes of different entries, and may forget to tell of one: who waits also looks from time
 * to time. No clock is shared: how long something has not changed is measured by whoever waits for it.
 *
 * | key                               | kind   | written by                     | what it is                                    |
 * | --------------------------------- | ------ | ------------------------------ | --------------------------------------------- |
 * | `head`                            | entry  | whoever aggregates             | the round, its clients, and the model's object |
 * | `lease`                           | entry  | whoever aggregates             | who that is, for as long as it changes         |
 * | `clients/<client>`                | entry  | that client                    | its heartbeat                                 |
 * | `updates/<round>/<client>`        | entry  | that client, once              | which object is its update: what counts        |
 * | `updates/<round>/<client>/<hash>` | object | that client                    | the update                                    |
 * | `models/<round>/<hash>`           | object | whoever aggregates             | what the round begins with                     |
 * | `rounds/<round>/<hash>`           | object | whoever aggregates             | who contributed, and what was rejected and why |
 *
 * Keys are checked with `checkKey`: one to eight parts between slashes, each of 1 to 128 letters, digits, `_` and `-`.
 * Implementations pass the contract of `cases/transportContract.ts`.
 * Throws    invalid-option: a key of another form, no bytes · transport-failed: it cannot be reached, or refuses ·
 *           disposed: used after disposal
 */
export interface Transport extends AsyncDisposable {
  /** What it is, as reports say it: 'loopback', 'broadcastChannel', 'nats'. */
  readonly name: string;
  /** A copy of the entry, which is the caller's; undefined if there is none. */
  get(key: string): Promise<Entry | undefined>;
  /**
   * Compare and set: writes the entry if its revision is still `revision`, where 0 means that there is none. Gives the new
   * revision, or undefined if somebody else was faster, and then nothing is written.
   */
  put(key: string, value: Uint8Array, revision: number): Promise<number | undefined>;
  /** The keys of the entries that begin with `prefix`, any text, ordered by UTF-16 code units. Objects are not listed. */
  list(prefix: string): Promise<string[]>;
  /**
   * The keys of entries that begin with `prefix` and change from now on, by anybody, until the signal aborts, which ends the
   * iteration without an error. Several changes of one entry may come as one, and one may come twice.
   */
  watch(prefix: string, signal: AbortSignal): AsyncIterable<string>;
  /** Removes an entry; a missing one is fine. It may be put again with revision 0. */
  delete(key: string): Promise<void>;
  /** Keeps a copy of the bytes, whole or not at all; the same key again replaces them. Large ones travel in pieces. */
  putObject(key: string, bytes: Uint8Array): Promise<void>;
  /**
   * A copy of the bytes, which is the caller's; undefined if there are none, or more than `mostBytes`, which then are not
   * fetched where the transport knows their number before.
   */
  getObject(key: string, mostBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Removes an object; a missing one is fine. */
  deleteObject(key: string): Promise<void>;
}

const PART = /^[A-Za-z0-9_-]{1,128}$/;
const MOST_PARTS = 8;

/** Whether a text may be a part of a key, such as the name of a client. */
export function isKeyPart(text: unknown): text is string {
  return typeof text === 'string' && PART.test(text);
}

/** Returns the key. Throws    invalid-option: it has another form */
export function checkKey(key: string): string {
  const parts = typeof key === 'string' ? key.split('/') : [];
  if (parts.length > 0 && parts.length <= MOST_PARTS && parts.every(isKeyPart)) return key;
  throw new LimbeckError(
    'invalid-option',
    `${JSON.stringify(key)} is no key of a transport. It must be one to ${MOST_PARTS} parts between slashes, each of 1 to ` +
      '128 letters, digits, "_" and "-".',
    { details: { key } },
  );
}

/** A copy made at once. Throws    invalid-option: no bytes */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (isTagged(bytes, 'Uint8Array')) return new Uint8Array(bytes);
  throw new LimbeckError('invalid-option', 'A transport keeps bytes: give a Uint8Array.');
}

/** The error of a transport that cannot do what it was asked for. */
export function transportFailed(name: string, why: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    'transport-failed',
    `The transport "${name}" failed: ${why}. The federation is kept there; start again when it can be reached.`,
    { details: { transport: name }, cause },
  );
}
