// Where a student comes from, and in which forms it is at hand.
import { LimbeckError } from '../core/errors.ts';
import { artifactsFrom, isArtifacts, isStudent } from '../student/artifacts.ts';
import { formOf, nameOfFile } from '../student/fileForm.ts';
import type { TfjsFiles } from '../student/files.ts';
import { readBundle } from '../student/readBundle.ts';
import type { Student, StudentArtifacts } from '../student/student.ts';
import { fetchFile } from './fetchFile.ts';
import { onnxMetadata } from './onnxMetadata.ts';

/**
 * A bundle or an ONNX file by its address or its bytes; the address of a tfjs model.json, whose weights lie beside it, or
 * its files, by their names or as a person picked them; artifacts, or a trained student.
 */
export type PredictSource =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | Blob
  | readonly File[]
  | TfjsFiles
  | StudentArtifacts
  | Student;

/** A student in one form or both, with what came along. */
export interface ReadStudent {
  readonly name: string;
  /** Of the file or files. */
  readonly bytes: number;
  readonly artifacts?: StudentArtifacts;
  readonly onnx?: Uint8Array;
  readonly labels?: readonly string[];
  /** How data becomes inputs, as whoever packed the student said. */
  readonly input?: unknown;
}

/** Throws    model-unreachable · bundle-invalid · student-invalid · invalid-option: nothing of all that · AbortError */
export async function readSource(source: PredictSource, signal?: AbortSignal): Promise<ReadStudent> {
  if (typeof source === 'string' || source instanceof URL) {
    const bytes = await fetchFile(source, signal);
    return readBytes(bytes, nameOfFile(String(source).split(/[?#]/)[0] ?? ''), (path) =>
      fetchFile(beside(source, path), signal),
    );
  }
  if (source instanceof Uint8Array) return readBytes(source, 'student');
  if (source instanceof ArrayBuffer) return readBytes(new Uint8Array(source), 'student');
  if (source instanceof Blob) {
    const name = 'name' in source ? nameOfFile(String(source.name)) : 'student';
    return readBytes(new Uint8Array(await source.arrayBuffer()), name);
  }
  if (Array.isArray(source) && source.length > 0 && source.every((file) => file instanceof File))
    return readFiles(await namedBytes(source));
  if (typeof source === 'object' && source !== null) {
    if ('model.json' in source) return readFiles(source as TfjsFiles);
    if (isArtifacts(source)) return ofArtifacts('student', source);
    if (isStudent(source)) return ofArtifacts(source.name, await artifactsFrom(source));
  }
  throw new LimbeckError(
    'invalid-option',
    'loadStudent takes an address, bytes or a Blob of a bundle or an ONNX file, the files of a tfjs model, artifacts, or ' +
      `a trained student; it was given ${source === null ? 'null' : typeof source}.`,
  );
}

type ReadPath = (path: string) => Promise<Uint8Array>;

async function readBytes(bytes: Uint8Array, name: string, read?: ReadPath): Promise<ReadStudent> {
  const form = formOf(bytes);
  if (form === 'zip') {
    const { manifest, artifacts, onnx } = await readBundle(bytes);
    const { labels, input } = manifest;
    return {
      name: manifest.name,
      bytes: bytes.length,
      artifacts,
      ...(onnx && { onnx }),
      ...(labels && { labels }),
      ...(input !== undefined && { input }),
    };
  }
  // A web page that came instead of it gets the sentence about that.
  if (form !== 'onnx') return readModelJson(bytes, name, read);
  const { 'limbeck.labels': labels, 'limbeck.input': input } = onnxMetadata(bytes);
  const known = labels === undefined ? undefined : parsed(labels);
  return {
    name,
    bytes: bytes.length,
    onnx: bytes,
    ...(Array.isArray(known) && known.every((label) => typeof label === 'string') && { labels: known }),
    ...(input !== undefined && { input: parsed(input) }),
  };
}

async function readModelJson(bytes: Uint8Array, name: string, read?: ReadPath): Promise<ReadStudent> {
  const { readModelFiles, weightPaths } = await import('../student/files.ts');
  if (read !== undefined) return ofArtifacts(name, await readModelFiles(bytes, read));
  const paths = weightPaths(bytes);
  throw new LimbeckError(
    'student-invalid',
    `This is a model.json without its weights (${paths.join(', ')}). Give all files: { 'model.json': …, 'weights.bin': … }.`,
    { details: { paths } },
  );
}

async function readFiles(files: TfjsFiles): Promise<ReadStudent> {
  const { artifactsFromFiles } = await import('../student/files.ts');
  return ofArtifacts('student', artifactsFromFiles(files));
}

/** A single file may be a bundle or ONNX as well; that is for whoever picked it to give by itself. */
async function namedBytes(files: readonly File[]): Promise<TfjsFiles> {
  const named = await Promise.all(
    files.map(async (file) => {
      const isModel = file.name.endsWith('.json');
      return [isModel ? 'model.json' : file.name, new Uint8Array(await file.arrayBuffer())] as const;
    }),
  );
  return Object.fromEntries(named);
}

function ofArtifacts(name: string, artifacts: StudentArtifacts): ReadStudent {
  return { name, bytes: artifacts.weightData.byteLength, artifacts };
}

/** A signed address says so after the question mark, for every file of the folder. */
function beside(source: string | URL, path: string): URL {
  const base = new URL(String(source), globalThis.location?.href);
  const url = new URL(path, base);
  if (url.search === '') url.search = base.search;
  return url;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
