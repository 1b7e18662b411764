import { sha256 } from '../../core/hash.ts';
import { parseJson } from '../../core/parseJson.ts';
import { manifestSubject, objectStream, pieceSubject } from './natsNames.ts';
import { type NatsStreams, unlessDenied } from './natsStreams.ts';

/** Objects of a federation on its stream; see `Transport`. */
export interface NatsObjects {
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  get(key: string, mostBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  delete(key: string): Promise<void>;
}

/** Objects travel in pieces of this length; servers take up to 1 MiB unless they are told otherwise. */
const PIECE_BYTES = 128 * 1024;
/** Pieces on their way at once: a slow line is filled, and not more. */
const AT_ONCE = 4;

/** What is kept of an object beside its pieces. */
interface Manifest {
  readonly bytes: number;
  readonly sha256: string;
}

/** The pieces come first and the manifest last, so an object is there whole or not at all. */
export function natsObjects(streams: NatsStreams, federation: string): NatsObjects {
  const stream = objectStream(federation);
  const pieceAt = (key: string, hash: string, piece: number | '*') => pieceSubject(federation, key, hash, piece);

  async function manifestOf(key: string): Promise<Manifest | undefined> {
    const kept = await streams.last(stream, manifestSubject(federation, key));
    return kept === undefined || kept.isGone ? undefined : readManifest(kept.bytes);
  }

  return {
    async put(key, bytes) {
      const hash = await sha256(bytes);
      const before = await manifestOf(key);
      await inTurns(Math.ceil(bytes.length / PIECE_BYTES), async (i) => {
        await streams.write(pieceAt(key, hash, i), bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES));
      });
      const manifest: Manifest = { bytes: bytes.length, sha256: hash };
      await streams.write(manifestSubject(federation, key), new TextEncoder().encode(JSON.stringify(manifest)));
      if (before !== undefined && before.sha256 !== hash) {
        await unlessDenied(() => streams.purge(stream, pieceAt(key, before.sha256, '*')));
      }
    },

    async get(key, mostBytes) {
      const manifest = await manifestOf(key);
      if (manifest === undefined || manifest.bytes > mostBytes) return undefined;
      const whole = new Uint8Array(manifest.bytes);
      let isWhole = true;
      await inTurns(Math.ceil(whole.length / PIECE_BYTES), async (i) => {
        if (!isWhole) return;
        const room = whole.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES);
        const piece = await streams.last(stream, pieceAt(key, manifest.sha256, i));
        if (piece?.bytes.length === room.length) room.set(piece.bytes);
        else isWhole = false;
      });
      return isWhole && (await sha256(whole)) === manifest.sha256 ? whole : undefined;
    },

    async delete(key) {
      const subject = manifestSubject(federation, key);
      const mark = await streams.write(subject, new Uint8Array(), { isGone: true });
      await unlessDenied(async () => {
        await streams.purge(stream, pieceAt(key, '*', '*'));
        await streams.purge(stream, subject, mark);
      });
    },
  };
}

/** Undefined for bytes that are no manifest: anybody may have written them who may write this object. */
function readManifest(bytes: Uint8Array): Manifest | undefined {
  try {
    const { bytes: length, sha256: hash } = parseJson(
      new TextDecoder('utf-8', { fatal: true }).decode(bytes),
    ) as Manifest;
    const isSound =
      Number.isSafeInteger(length) && length >= 0 && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash);
    return isSound ? { bytes: length, sha256: hash } : undefined;
  } catch {
    return undefined;
  }
}

/** Does `count` pieces of work, a few at once. Rejects with the first error when none is under way any more. */
async function inTurns(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  const done = await Promise.allSettled(Array.from({ length: Math.min(count, AT_ONCE) }, worker));
  for (const one of done) if (one.status === 'rejected') throw one.reason;
}
