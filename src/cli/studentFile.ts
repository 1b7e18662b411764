import { LimbeckError } from '../core/errors.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { Console } from './openConsole.ts';

/** A student as a file holds it. */
export interface StudentFile {
  readonly name: string;
  readonly artifacts: StudentArtifacts;
  readonly labels?: readonly string[];
  readonly input?: object;
}

/**
 * A student from a bundle, from tfjs's model.json with its weights beside it, or from an ONNX file, which becomes layers.
 * Throws    bundle-invalid · student-invalid · invalid-onnx · unsupported-operator · what reading throws
 */
export async function readStudentFile(file: string, console: Console): Promise<StudentFile> {
  const bytes = await console.readFile(file);
  const name = nameOf(file);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const { readBundle } = await import('../student/readBundle.ts');
    const { manifest, artifacts } = await readBundle(bytes);
    const { labels, input } = manifest;
    return {
      name: manifest.name,
      artifacts,
      ...(labels && { labels }),
      ...(typeof input === 'object' && input !== null && { input }),
    };
  }
  if (/^(\ufeff)?\s*[{<[]/.test(new TextDecoder().decode(bytes.subarray(0, 16)))) {
    return { name, artifacts: await readModelJson(file, bytes, console) };
  }
  const { fromOnnx } = await import('../student/fromOnnx.ts');
  const { artifacts } = await fromOnnx(bytes, { name });
  if (artifacts === undefined) throw new LimbeckError('internal', `"${file}" became a student without weights.`);
  return { name, artifacts };
}

async function readModelJson(file: string, bytes: Uint8Array, console: Console): Promise<StudentArtifacts> {
  const [{ artifactsFromModelJson, weightPaths }, { dirname, join }] = await Promise.all([
    import('../student/files.ts'),
    import('node:path'),
  ]);
  const parts = new Map<string, Uint8Array>();
  for (const path of weightPaths(bytes)) parts.set(path, await console.readFile(join(dirname(file), path)));
  return artifactsFromModelJson(bytes, (path) => parts.get(path) as Uint8Array);
}

/** Of a model.json its folder says more. */
function nameOf(file: string): string {
  const parts = file.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const name = parts.at(-1) === 'model.json' ? parts.at(-2) : parts.at(-1);
  return name?.replace(/\.(limbeck|onnx|zip|json)$/, '') || 'student';
}
