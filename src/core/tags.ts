/** Types that are told by their tag. */
interface Tagged {
  readonly ArrayBuffer: ArrayBuffer;
  readonly SharedArrayBuffer: SharedArrayBuffer;
  readonly Float32Array: Float32Array;
  readonly Int8Array: Int8Array;
  readonly Int32Array: Int32Array;
  readonly Uint8Array: Uint8Array;
  readonly Uint16Array: Uint16Array;
  readonly BigInt64Array: BigInt64Array;
  readonly BigUint64Array: BigUint64Array;
  readonly Error: Error;
  readonly RegExp: RegExp;
  readonly Promise: Promise<unknown>;
  readonly URL: URL;
  readonly Blob: Blob;
  readonly File: File;
  readonly ImageData: ImageData;
  readonly AbortSignal: AbortSignal;
  readonly 'WebAssembly.Memory': WebAssembly.Memory;
}

/** Tags of subtypes. */
const KINDS: Readonly<Partial<Record<keyof Tagged, readonly string[]>>> = {
  Error: ['Error', 'DOMException'],
  Blob: ['Blob', 'File'],
};

const typedArrayTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined;

/** "Float32Array", "Blob", "Null" …: a value's type, whichever realm made it. */
export function tagOf(value: unknown): string {
  return typedArrayTag.call(value) ?? Object.prototype.toString.call(value).slice(8, -1);
}

/**
 * Whether a value is of a class of the platform. `instanceof` is false for everything that another realm made: an
 * iframe, an extension, the sandbox of a test runner. The library's own classes have no tag.
 */
export function isTagged<Tag extends keyof Tagged>(value: unknown, tag: Tag): value is Tagged[Tag] {
  const tags: readonly string[] = KINDS[tag] ?? [tag];
  return tags.includes(tagOf(value));
}

/** The same numbers in an array of this realm, which libraries that use `instanceof` accept; nothing is copied. */
export function ofThisRealm<Numbers extends Float32Array | Int32Array | Uint8Array>(data: Numbers): Numbers {
  const own = { Float32Array, Int32Array, Uint8Array }[tagOf(data) as 'Float32Array'] as
    | typeof Float32Array
    | undefined;
  return own === undefined || data instanceof own
    ? data
    : (new own(data.buffer as ArrayBuffer, data.byteOffset, data.length) as Numbers);
}
