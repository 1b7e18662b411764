import { LimbeckError, messageOf } from '../core/errors.ts';
import { innerPath } from '../core/innerPath.ts';
import { count, given, type OptionsOf, schema } from '../core/schema.ts';
import { takeTurns } from '../core/turns.ts';
import type { DataFile } from './folders.ts';

const OPTIONS = schema('filesOfZip', {
  /** Bytes that the unpacked files may take together. Default 1e9. */
  mostBytes: count()(1e9),
  /** Cancels the unpacking. */
  signal: given<AbortSignal>(),
});

/** How much an archive may hold. */
export interface ZipOptions extends OptionsOf<typeof OPTIONS> {}

/** Of the archive, between which the page has a turn. */
const PIECE_BYTES = 256 * 1024;
/** What systems put beside the files. */
const BESIDE = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$)/;

/**
 * The files of a ZIP archive, unpacked piece by piece, so that the page stays responsive. What systems hide is left out.
 * Throws    file-invalid: no archive, a damaged one, a file that would lie outside of it, or more bytes than are allowed · AbortError
 *
 * @example
 * const found = await filesOfZip(await (await fetch('/flowers.zip')).blob());
 * const { classes } = labelledByFolder(found);
 */
export async function filesOfZip(archive: Blob, options: ZipOptions = {}): Promise<DataFile[]> {
  const { mostBytes, signal } = OPTIONS.read(options);
  const { Unzip, UnzipInflate } = await import('fflate');
  const found: { readonly path: string; readonly pieces: Uint8Array<ArrayBuffer>[]; isWhole: boolean }[] = [];
  let total = 0;
  let failure: LimbeckError | undefined;
  const unzip = new Unzip((file) => {
    if (file.name.endsWith('/')) return;
    if (innerPath(file.name) !== file.name) {
      failure ??= invalid(`its file "${file.name.slice(0, 100)}" would lie outside of it`);
      return;
    }
    if (BESIDE.test(file.name)) return;
    const entry = { path: file.name, pieces: [] as Uint8Array<ArrayBuffer>[], isWhole: false };
    found.push(entry);
    file.ondata = (error, piece, isLast) => {
      if (error) failure ??= invalid(messageOf(error), error);
      total += piece?.length ?? 0;
      if (total > mostBytes)
        failure ??= invalid(`its files take more than ${mostBytes} bytes, the most that are allowed`);
      if (failure !== undefined) return;
      // The library reuses its buffer.
      entry.pieces.push(piece.slice() as Uint8Array<ArrayBuffer>);
      entry.isWhole ||= isLast;
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  const turn = takeTurns(signal);
  for (let from = 0; from < archive.size && failure === undefined; from += PIECE_BYTES) {
    await turn();
    const piece = new Uint8Array(await archive.slice(from, from + PIECE_BYTES).arrayBuffer());
    try {
      unzip.push(piece, from + PIECE_BYTES >= archive.size);
    } catch (error) {
      failure ??= invalid(messageOf(error), error);
    }
  }
  if (failure !== undefined) throw failure;
  const cut = found.find(({ isWhole }) => !isWhole);
  if (cut !== undefined) throw invalid(`its file "${cut.path}" is cut short`);
  if (found.length === 0) throw invalid('it holds no file, or is no ZIP');
  return found.map(({ path, pieces }) => ({ path, file: new Blob(pieces) }));
}

function invalid(why: string, cause?: unknown): LimbeckError {
  return new LimbeckError('file-invalid', `The archive cannot be read: ${why}.`, { cause });
}
