// Where a student comes from, and in which forms it is at hand.

import { LimbeckError } from '../core/errors.ts';
import { isTagged } from '../core/tags.ts';
import { addressOf, fileNameOf, isAddress, isRequest } from '../network/address.ts';
import { fetchFile } from '../network/fetchFile.ts';
import type { Integrity, IntegrityChecks, ModelIntegrity } from '../network/integrity.ts';
import { type StudentMetadata, studentMetadata } from '../onnx/describe/onnxMetadata.ts';
import { artifactsFrom, isArtifacts, isStudent } from '../student/artifacts.ts';
import { formOf, nameOfFile } from '../student/fileForm.ts';
import type { TfjsFiles } from '../student/files.ts';
import { readBundle } from '../student/readBundle.ts';
import type { Student, StudentArtifacts } from '../student/student.ts';
import type { Origin } from './readTfjs.ts';

/**
 * A bundle or an ONNX file by its address or its bytes; the address of a tfjs model.json, whose weights lie beside it, or
 * its files, by their names or as a person picked them; artifacts, or a trained student. A Request says with which headers
 * and credentials it is asked for.
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

/** A student in one form or both, with what came along. */
export interface ReadStudent extends StudentMetadata {
  readonly name: string;
  /** Of the file or files. */
  readonly bytes: number;
  readonly artifacts?: StudentArtifacts;
  readonly onnx?: Uint8Array;
}

/** How it is read. */
interface ReadOptions {
  readonly integrity?: ModelIntegrity;
  readonly signal?: AbortSignal;
}

/**
 * Throws    model-unreachable · integrity-mismatch · bundle-invalid · student-invalid · invalid-option: nothing of all
 *           that, or hashes that do not suit its files · AbortError
 */
export async function readSource(source: PredictSource, { integrity, signal }: ReadOptions = {}): Promise<ReadStudent> {
  const checks = await checksOf(integrity, source);
  if (isAddress(source)) {
    const [place = ''] = addressOf(source).split(/[?#]/);
    const file = fileNameOf(place) || 'student';
    const wanted = checks?.main(file);
    const bytes = await verified(await fetchFile(source, { signal }), wanted, file);
    return readBytes(bytes, nameOfFile(place), { file, checks, source, signal });
  }
  if (isTagged(source, 'Uint8Array') || isTagged(source, 'ArrayBuffer') || isTagged(source, 'Blob')) {
    const file = isTagged(source, 'Blob') && 'name' in source ? String(source.name) : 'student';
    const given = isTagged(source, 'Blob') ? await source.arrayBuffer() : source;
    const bytes = isTagged(given, 'Uint8Array') ? given : new Uint8Array(given);
    return readBytes(await verified(bytes, checks?.main(file), file), nameOfFile(file), { file, checks });
  }
  if (Array.isArray(source) && source.length > 0 && source.every((file) => isTagged(file, 'File')))
    return readTfjs(await namedBytes(source), checks, source.findLast(isModelJson)?.name);
  if (typeof source === 'object' && source !== null) {
    if ('model.json' in source) return readTfjs(source as TfjsFiles, checks);
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

/** Who wants nothing checked does not load what checks. */
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
  if (form === 'zip' || form === 'onnx') origin.checks?.beside([], origin.file);
  if (form === 'zip') {
    const { manifest, artifacts, onnx } = await readBundle(bytes);
    const { labels, input, quantized } = manifest;
    return {
      name: manifest.name,
      bytes: bytes.length,
      artifacts,
      // The manifest has the last word: whoever packed it knew the file.
      ...(onnx && { onnx, ...studentMetadata(onnx) }),
      ...(quantized && { quantized }),
      ...(labels && { labels }),
      ...(input !== undefined && { input }),
    };
  }
  // A web page that came instead of it gets the sentence about that.
  if (form === 'json' || form === 'page') {
    const { readModelJson } = await import('./readTfjs.ts');
    return ofArtifacts(name, await readModelJson(bytes, origin));
  }
  return { name, bytes: bytes.length, onnx: bytes, ...studentMetadata(bytes) };
}

async function readTfjs(files: TfjsFiles, checks: IntegrityChecks | undefined, main?: string): Promise<ReadStudent> {
  const { readTfjsFiles } = await import('./readTfjs.ts');
  return ofArtifacts('student', await readTfjsFiles(files, checks, main));
}

function isModelJson({ name }: File): boolean {
  return name.endsWith('.json');
}

/** A single file may be a bundle or ONNX as well; that is for whoever picked it to give by itself. */
async function namedBytes(files: readonly File[]): Promise<TfjsFiles> {
  const named = await Promise.all(
    files.map(async (file) => {
      return [isModelJson(file) ? 'model.json' : file.name, new Uint8Array(await file.arrayBuffer())] as const;
    }),
  );
  return Object.fromEntries(named);
}

function ofArtifacts(name: string, artifacts: StudentArtifacts): ReadStudent {
  return { name, bytes: artifacts.weightData.byteLength, artifacts };
}
