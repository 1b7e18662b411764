// A student in tfjs's own format, of several files; loaded where one comes.
import { LimbeckError } from '../core/errors.ts';
import type { Address } from '../network/address.ts';
import { fetchFile } from '../network/fetchFile.ts';
import { checkIntegrity, type Integrity, type IntegrityChecks } from '../network/integrity.ts';
import { sourceBeside } from '../network/sourceBeside.ts';
import {
  artifactsFromFiles,
  readModelFiles,
  type TfjsFiles,
  weightFinder,
  weightPaths,
} from '../student/files/files.ts';
import type { StudentArtifacts } from '../student/student.ts';

/** Where a file came from: what else it names is found and checked there. */
export interface Origin {
  readonly file: string;
  readonly checks: IntegrityChecks | undefined;
  /** Undefined where it has no address, and so nothing beside it. */
  readonly source?: Address;
  readonly signal?: AbortSignal | undefined;
}

/** Throws    student-invalid · model-unreachable · integrity-mismatch · invalid-option: hashes that do not suit its files */
export async function readModelJson(
  model: Uint8Array,
  { file, checks, source, signal }: Origin,
): Promise<StudentArtifacts> {
  const paths = weightPaths(model);
  const hashes = checks?.beside(paths, file);
  if (source !== undefined) {
    return readModelFiles(model, async (path) =>
      verified(await fetchFile(sourceBeside(path, source), { signal }), hashes?.get(path), path),
    );
  }
  throw new LimbeckError(
    'student-invalid',
    `This is a model.json without its weights (${paths.join(', ')}). Give all files: { 'model.json': …, 'weights.bin': … }.`,
    { details: { paths } },
  );
}

/**
 * Of files by their names, whose "model.json" `main` is called by who gave it.
 * Throws    student-invalid · integrity-mismatch · invalid-option: hashes that do not suit the files
 */
export async function readTfjsFiles(
  files: TfjsFiles,
  checks: IntegrityChecks | undefined,
  main = 'model.json',
): Promise<StudentArtifacts> {
  if (checks !== undefined) {
    const json = files['model.json'] ?? '';
    await verified(typeof json === 'string' ? new TextEncoder().encode(json) : json, checks.main(main), main);
    const paths = weightPaths(json);
    const hashes = checks.beside(paths, main);
    const find = weightFinder(files, paths);
    for (const path of paths) {
      const bytes = find(path);
      // One that is missing is told by whoever needs it.
      if (bytes !== undefined) await verified(bytes, hashes.get(path), path);
    }
  }
  return artifactsFromFiles(files);
}

async function verified(bytes: Uint8Array, integrity: Integrity | undefined, name: string): Promise<Uint8Array> {
  if (integrity !== undefined) await checkIntegrity(bytes, integrity, name);
  return bytes;
}
