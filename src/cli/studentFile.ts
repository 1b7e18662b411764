import { LimbeckError } from '../core/errors.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { Console } from './openConsole.ts';
import { quietTfjs } from './quietTfjs.ts';

/** A student as a file holds it. */
export interface StudentFile {
  readonly name: string;
  readonly form: 'bundle' | 'tfjs' | 'onnx';
  /** Of the file, and of those that it names. */
  readonly bytes: number;
  readonly artifacts: StudentArtifacts;
  readonly labels?: readonly string[];
  /** How data becomes inputs, as whoever packed it said. */
  readonly input?: object;
  /** What else a bundle says: its name, shapes, teacher and the names of its files. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Whether the first bytes are those of a bundle or of a model.json. */
export function isStudentFile(bytes: Uint8Array): boolean {
  return isZip(bytes) || /^(\ufeff)?\s*[{[]/.test(beginning(bytes));
}

/**
 * A student from a bundle, from tfjs's model.json with its weights beside it, or from an ONNX file, which becomes layers.
 * Throws    bundle-invalid · student-invalid · invalid-onnx · unsupported-operator · what reading throws
 */
export async function readStudentFile(file: string, console: Console): Promise<StudentFile> {
  const bytes = await console.readFile(file);
  const name = nameOf(file);
  if (isZip(bytes)) {
    const { readBundle } = await import('../student/readBundle.ts');
    const { manifest, artifacts } = await readBundle(bytes);
    const { labels, input, name: title, inputs, outputs, teacher, files } = manifest;
    return {
      name: title,
      form: 'bundle',
      bytes: bytes.length,
      artifacts,
      metadata: { name: title, inputs, outputs, ...(teacher && { teacher }), files: files.map(({ path }) => path) },
      ...(labels && { labels }),
      ...(typeof input === 'object' && input !== null && { input }),
    };
  }
  // A web page that came instead of it gets the sentence about that.
  if (/^(\ufeff)?\s*[{<[]/.test(beginning(bytes))) return readModelJson(file, bytes, console);
  await quietTfjs('cpu');
  const { fromOnnx } = await import('../student/fromOnnx.ts');
  const { artifacts } = await fromOnnx(bytes, { name });
  if (artifacts === undefined) throw new LimbeckError('internal', `"${file}" became a student without weights.`);
  return { name, form: 'onnx', bytes: bytes.length, artifacts };
}

async function readModelJson(file: string, bytes: Uint8Array, console: Console): Promise<StudentFile> {
  const [{ artifactsFromModelJson, weightPaths }, { dirname, join }] = await Promise.all([
    import('../student/files.ts'),
    import('node:path'),
  ]);
  const parts = new Map<string, Uint8Array>();
  for (const path of weightPaths(bytes)) parts.set(path, await console.readFile(join(dirname(file), path)));
  return {
    name: nameOf(file),
    form: 'tfjs',
    bytes: [...parts.values()].reduce((sum, part) => sum + part.length, bytes.length),
    artifacts: artifactsFromModelJson(bytes, (path) => parts.get(path) as Uint8Array),
  };
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b;
}

function beginning(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 16));
}

/** Of a model.json its folder says more. */
function nameOf(file: string): string {
  const parts = file.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const name = parts.at(-1) === 'model.json' ? parts.at(-2) : parts.at(-1);
  return name?.replace(/\.(limbeck|onnx|zip|json)$/, '') || 'student';
}
