export type StoreKind = 'opfs' | 'indexeddb' | 'memory' | 'disk';

/** A value that `scrub` found damaged. */
export interface DamagedValue {
  /** Undefined if the key cannot be read either. */
  readonly key: string | undefined;
  /** Its key in the store beneath an encrypted one; undefined in any other store. */
  readonly beneath: string | undefined;
}

/** The result of reading all values of a store. */
export interface Scrubbed {
  readonly values: number;
  readonly damaged: readonly DamagedValue[];
}

/**
 * Named bytes that survive a reload (those of kind `memory` do not). Keys are names separated by slashes, in any
 * language; no name may be empty, "." or "..".
 *
 * What `put` and `delete` have acknowledged survives a crash of the page, the worker or the browser. IndexedDB also survives a
 * loss of power, because it is asked to flush each write. In OPFS a worker flushes a value before it gets its name, so that the
 * value is whole, old or new; so does a folder on the disk, in Node; a window cannot flush, so a value of the last seconds may be old, new or cut short. An encrypted
 * store and a profile notice one that was cut short.
 * Throws    invalid-option: a key of another form · store-failed: the platform refused · store-tampered: the bytes of a
 *           value are lost to the browser, or an encrypted store finds them changed · disposed: used after disposal
 */
export interface Store extends AsyncDisposable {
  readonly name: string;
  readonly kind: StoreKind;
  /** A sentence that says why the bytes are kept in this kind of store. */
  readonly why: string;
  /** A copy of the value, which is the caller's; undefined if there is none. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * The bytes of a value from `start` up to, not including, `end`, as far as there are any; undefined if there is no value.
   * OPFS reads only these bytes, IndexedDB reads the whole value.
   */
  getRange(key: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Keeps a copy of `bytes`, made at the call. Readers see the old value or the new one, never a part.
   * Throws    store-full: the browser gives no more space; the old value stays
   */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Removes a value; a missing key is fine. */
  delete(key: string): Promise<void>;
  /**
   * The keys that start with `prefix`, any string, ordered by UTF-16 code units. An encrypted store leaves out values
   * whose keys are damaged; `scrub` names them. In OPFS this also removes what a crash left without a key.
   */
  keys(prefix?: string): Promise<string[]>;
  /** Length of a value in bytes, without reading it; undefined where there is none. */
  size(key: string): Promise<number | undefined>;
  /**
   * Reads every value and tells which are damaged; 'removed' deletes those, with whatever else lies beneath an
   * encrypted store and was not put through it. To a profile an example that is removed is one that was forgotten.
   * Only an encrypted store finds changed bytes; the others, values that the browser has lost. Default 'kept'.
   */
  scrub(options?: { readonly damaged?: 'kept' | 'removed' }): Promise<Scrubbed>;
}
