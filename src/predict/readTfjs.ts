// A student in tfjs's own format of several files; loaded only when there is one.
import { LimbeckError } from '../core/errors.ts';
import { folderBeside, folderOf, type TfjsFileSet, type TfjsFolder } from '../model/tfjsFolder.ts';
import type { Address } from '../network/address.ts';
import type { KeptFiles } from '../network/cache/keptFiles.ts';
import type { IntegrityChecks } from '../network/integrity.ts';
import type { FileProgress } from '../network/readResponse.ts';
import { readModelFiles, weightPaths } from '../student/files/files.ts';
import type { StudentArtifacts } from '../student/student.ts';

/** Where a file came from; the files that it names are read from there and checked. */
export interface Origin {
  readonly file: string;
  readonly checks: IntegrityChecks | undefined;
  /** Undefined if it has no address, and so no files next to it. */
  readonly source?: Address;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: FileProgress;
  readonly kept?: KeptFiles | undefined;
}

/** Throws    student-invalid · model-unreachable · integrity-mismatch · invalid-option: hashes that do not suit its files */
export async function readModelJson(
  model: Uint8Array,
  { file, checks, source, signal, onProgress, kept }: Origin,
): Promise<StudentArtifacts> {
  if (source !== undefined) {
    return readFolder(
      folderBeside(model, file, source, {
        checks,
        pathsOf: weightPaths,
        signal,
        kept,
        ...(onProgress && { onProgress }),
      }),
    );
  }
  const paths = weightPaths(model);
  throw new LimbeckError(
    'student-invalid',
    `This is a model.json without its weights (${paths.join(', ')}). Give all files: { 'model.json': …, 'weights.bin': … }.`,
    { details: { paths } },
  );
}

/** Throws    student-invalid · integrity-mismatch · invalid-option: hashes that do not suit the files */
export async function readTfjsFiles(
  files: TfjsFileSet,
  checks: IntegrityChecks | undefined,
  signal: AbortSignal | undefined,
): Promise<StudentArtifacts> {
  return readFolder(await folderOf(files, { checks, pathsOf: weightPaths, signal }));
}

function readFolder({ json, read, names }: TfjsFolder): Promise<StudentArtifacts> {
  return readModelFiles(json, read, names);
}
