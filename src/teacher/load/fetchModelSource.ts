import { LimbeckError, messageOf } from '../../core/errors.ts';
import { isTagged } from '../../core/tags.ts';
import { type Address, addressOf as addressOfFile, fileNameOf } from '../../network/address.ts';
import { fetchCached } from '../../network/cache/fetchCached.ts';
import type { ModelCache } from '../../network/cache/modelCache.ts';
import { fetchFile } from '../../network/fetchFile.ts';
import { checkIntegrity, type Integrity } from '../../network/integrity.ts';
import { type FileProgress, readResponse, readStream } from '../../network/readResponse.ts';
import { checkResponse, unreachable } from '../../network/requestFile.ts';

/** The source of a model's bytes. A string is an address. */
export type ModelSource =
  | string
  | URL
  | Request
  | Response
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>;

/** The kinds of sources. They are told apart by tag, not class, so that objects of another frame count too. */
export type SourceKind = 'url' | 'request' | 'response' | 'bytes' | 'buffer' | 'blob' | 'stream';

const KINDS: Readonly<Record<string, SourceKind>> = {
  String: 'url',
  URL: 'url',
  Request: 'request',
  Response: 'response',
  Uint8Array: 'bytes',
  ArrayBuffer: 'buffer',
  Blob: 'blob',
  File: 'blob',
  ReadableStream: 'stream',
};

/** A file to load. */
export interface SourceJob {
  readonly source: ModelSource;
  readonly name: string;
  readonly integrity?: Integrity;
  readonly cache?: ModelCache;
  /** The address of the model to which this file belongs; undefined if it is the model. */
  readonly modelAddress?: string;
  readonly signal?: AbortSignal;
  readonly onProgress: FileProgress;
  readonly notify: (notice: string) => void;
}

/** A file in memory. */
export interface LoadedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly isOwned: boolean;
  /** Known if a cache has the bytes. */
  readonly hash?: string | undefined;
}

/** Throws    invalid-option: of another type, an empty address, or a body that was read before */
export function checkModelSource(source: ModelSource, name = 'source'): SourceKind {
  const kind = kindOf(source);
  if (kind === undefined) {
    throw invalid(
      name,
      tagOf(source),
      'must be an address (string, URL or Request), a Response, a Uint8Array, an ArrayBuffer, a Blob, a File or a ' +
        'ReadableStream of bytes. For another view write new Uint8Array(view.buffer, view.byteOffset, view.byteLength)',
    );
  }
  if (source === '') throw invalid(name, 'an empty text', 'must be an address, such as "/models/teacher.onnx"');
  const { bodyUsed, locked, body } = source as Partial<Response & ReadableStream>;
  if (bodyUsed || locked || body?.locked) {
    throw invalid(
      name,
      `a ${tagOf(source)} whose body was read before, or is being read`,
      'must be fresh: fetch it again, or give a clone() that was made before the first reading',
    );
  }
  return kind;
}

export function kindOf(source: ModelSource): SourceKind | undefined {
  const tag = tagOf(source);
  return Object.hasOwn(KINDS, tag) ? KINDS[tag] : undefined;
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** The absolute address of a source that is one, without its fragment; undefined for any other. */
export function addressOf(source: ModelSource): string | undefined {
  const kind = kindOf(source);
  return kind === 'url' || kind === 'request' ? addressOfFile(source as Address) : undefined;
}

/** The name of a source for messages: the last part of its address or the file's name. */
export function nameOf(source: ModelSource): string {
  const address = kindOf(source) === 'response' ? (source as Response).url : addressOf(source);
  if (address !== undefined && !/^(data|blob):/.test(address)) {
    return fileNameOf(address) || 'model.onnx';
  }
  return (source as Partial<File>).name ?? 'model.onnx';
}

/**
 * Loads a file from any source, through the cache if there is one and the source is an address.
 * Throws    model-unreachable · integrity-mismatch · invalid-option · out-of-memory · AbortError
 */
export async function fetchSource(job: SourceJob): Promise<LoadedFile> {
  const { source, name, cache, integrity } = job;
  if (cache !== undefined && addressOf(source) !== undefined) {
    return { name, isOwned: true, ...(await fetchCached({ ...job, cache, input: source as Address })) };
  }
  const { bytes, isOwned } = await readSource(job);
  await checkIntegrity(bytes, integrity, name);
  return { name, bytes, isOwned };
}

async function readSource(job: SourceJob): Promise<{ bytes: Uint8Array; isOwned: boolean }> {
  const { source, name, onProgress } = job;
  const failure = (error: unknown) =>
    unreachable(`"${name}"`, messageOf(error), 'Give the file or the stream again.', { cause: error });
  const kind = checkModelSource(source);
  switch (kind) {
    case 'bytes':
    case 'buffer': {
      const given = kind === 'buffer' ? new Uint8Array(source as ArrayBuffer) : (source as Uint8Array);
      // Shared memory may change while it is read, and cannot move.
      const isShared = !isTagged(given.buffer, 'ArrayBuffer');
      onProgress(given.byteLength, given.byteLength);
      return { bytes: isShared ? given.slice() : given, isOwned: isShared };
    }
    case 'blob': {
      const blob = source as Blob;
      return { bytes: await readStream(blob.stream(), blob.size, job, failure), isOwned: true };
    }
    case 'stream':
      return { bytes: await readStream(source as ReadableStream<Uint8Array>, undefined, job, failure), isOwned: true };
    case 'response': {
      const response = source as Response;
      const address = response.url || `"${name}"`;
      return { bytes: await readResponse(checkResponse(response, address), address, job), isOwned: true };
    }
    default:
      return { bytes: await fetchFile(source as Address, job), isOwned: true };
  }
}

function invalid(name: string, given: string, needed: string): LimbeckError {
  return new LimbeckError('invalid-option', `"${name}" was ${given}; it ${needed}.`, {
    details: { name, value: given },
  });
}
