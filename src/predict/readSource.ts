// Reads a student from a file, an address or memory, in the forms that are there.
import { LimbeckError } from '../core/errors.ts';
import { isTagged } from '../core/tags.ts';
import type { TfjsFileSet } from '../model/tfjsFolder.ts';
import { type Address, addressOf, fileNameOf, isAddress, isRequest } from '../network/address.ts';
import type { ModelCache } from '../network/cache/modelCache.ts';
import { fetchFile } from '../network/fetchFile.ts';
import type { Integrity, IntegrityChecks, ModelIntegrity } from '../network/integrity.ts';
import type { FileProgress } from '../network/readResponse.ts';
import { type StudentMetadata, studentMetadata } from '../onnx/describe/onnxMetadata.ts';
import type { Store } from '../storage/store.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { formOf, nameOfFile } from '../student/files/fileForm.ts';
import type { TfjsFiles } from '../student/files/files.ts';
import { readBundle } from '../student/files/readBundle.ts';
import { isArtifacts, isStudent, type Student, type StudentArtifacts } from '../student/student.ts';
import type { Origin } from './readTfjs.ts';

/**
 * A bundle or an ONNX file, by address or as bytes; a tfjs model.json by address, with its weights next to it, or its files,
 * by name or as a person picked them; artifacts; or a trained student. A Request sets headers and credentials.
 */
export type PredictSource =
  | string
  | URL
  | Request
  | Uint8Array
  | ArrayBuffer
  | Blob
  | readonly File[]
  | TfjsFiles
  | StudentArtifacts
  | Student;

/** A student in one form or both, with the metadata of its file. */
export interface ReadStudent extends StudentMetadata {
  readonly name: string;
  /** Size of the file or files. */
  readonly bytes: number;
  readonly artifacts?: StudentArtifacts;
  readonly onnx?: Uint8Array;
}

/** How it is read. */
interface ReadOptions {
  readonly integrity?: ModelIntegrity | undefined;
  readonly cache?: Store | ModelCache | undefined;
  readonly onProgress?: FileProgress | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told what a person should know of loading and keeping, in sentences. */
  readonly notify?: (notice: string) => void;
}

/**
 * Throws    model-unreachable · integrity-mismatch · bundle-invalid · student-invalid · invalid-option: none of these
 *           sources, or hashes that do not match its files · AbortError
 */
export async function readSource(source: PredictSource, options: ReadOptions = {}): Promise<ReadStudent> {
  const { integrity, signal } = options;
  const checks = await checksOf(integrity, source);
  if (isAddress(source)) {
    return readAddress(source, checks, options);
  }
  if (isTagged(source, 'Uint8Array') || isTagged(source, 'ArrayBuffer') || isTagged(source, 'Blob')) {
    const file = isTagged(source, 'Blob') && 'name' in source ? String(source.name) : 'student';
    const given = isTagged(source, 'Blob') ? await source.arrayBuffer() : source;
    const bytes = isTagged(given, 'Uint8Array') ? given : new Uint8Array(given);
    return readBytes(await verified(bytes, checks?.main(file), file), nameOfFile(file), { file, checks });
  }
  if (Array.isArray(source) && source.length > 0 && source.every((file) => isTagged(file, 'File')))
    return readTfjs(source, checks, signal);
  if (typeof source === 'object' && source !== null) {
    if ('model.json' in source) return readTfjs(source as TfjsFiles, checks, signal);
    if (checks !== undefined) {
      throw new LimbeckError('invalid-option', '"integrity" is for files; a student that is in memory has none.', {
        details: { name: 'integrity' },
      });
    }
    if (isArtifacts(source)) return ofArtifacts('student', source);
    if (isStudent(source)) return ofArtifacts(source.name, await artifactsFrom(source));
  }
  throw new LimbeckError(
    'invalid-option',
    'loadStudent takes an address, bytes or a Blob of a bundle or an ONNX file, the files of a tfjs model, artifacts, or ' +
      `a trained student; it was given ${source === null ? 'null' : typeof source}.`,
  );
}

async function readAddress(
  source: Address,
  checks: IntegrityChecks | undefined,
  { cache, onProgress = () => undefined, signal, notify = () => undefined }: ReadOptions,
): Promise<ReadStudent> {
  const [place = ''] = addressOf(source).split(/[?#]/);
  const file = fileNameOf(place) || 'student';
  const integrity = checks?.main(file);
  const kept = cache && (await import('../network/cache/keptFiles.ts')).keptFiles(cache, { signal, notify });
  const bytes =
    kept === undefined
      ? await verified(await fetchFile(source, { signal, onProgress }), integrity, file)
      : await kept.fetch(source, file, { integrity, onProgress });
  return readBytes(bytes, nameOfFile(place), { file, checks, source, signal, onProgress, kept });
}

/** The checks are loaded only where a hash was given. */
async function checksOf(integrity: ModelIntegrity | undefined, source: PredictSource) {
  if (integrity === undefined && !(isRequest(source) && source.integrity)) return undefined;
  return (await import('../network/integrity.ts')).readIntegrity(integrity, source);
}

async function verified(bytes: Uint8Array, integrity: Integrity | undefined, name: string): Promise<Uint8Array> {
  if (integrity !== undefined) {
    await (await import('../network/integrity.ts')).checkIntegrity(bytes, integrity, name);
  }
  return bytes;
}

async function readBytes(bytes: Uint8Array, name: string, origin: Origin): Promise<ReadStudent> {
  const form = formOf(bytes);
  if (form === 'zip' || form === 'onnx') {
    origin.checks?.beside([], origin.file);
    await origin.kept?.use([]);
  }
  if (form === 'zip') {
    const { manifest, artifacts, onnx } = await readBundle(bytes);
    const { labels, input, quantized } = manifest;
    return {
      name: manifest.name,
      bytes: bytes.length,
      artifacts,
      // What the manifest says overrides the file's own metadata.
      ...(onnx && { onnx, ...studentMetadata(onnx) }),
      ...(quantized && { quantized }),
      ...(labels && { labels }),
      ...(input !== undefined && { input }),
    };
  }
  // A web page served instead of the file gets an error that says so.
  if (form === 'json' || form === 'page') {
    const { readModelJson } = await import('./readTfjs.ts');
    return ofArtifacts(name, await readModelJson(bytes, origin));
  }
  return { name, bytes: bytes.length, onnx: bytes, ...studentMetadata(bytes) };
}

/** A list is always a tfjs model; a bundle or an ONNX file is given by itself. */
async function readTfjs(files: TfjsFileSet, checks: IntegrityChecks | undefined, signal: AbortSignal | undefined) {
  const { readTfjsFiles } = await import('./readTfjs.ts');
  return ofArtifacts('student', await readTfjsFiles(files, checks, signal));
}

function ofArtifacts(name: string, artifacts: StudentArtifacts): ReadStudent {
  return { name, bytes: artifacts.weightData.byteLength, artifacts };
}
