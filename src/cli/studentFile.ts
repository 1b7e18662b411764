import { LimbeckError } from '../core/errors.ts';
import { formOf, nameOfFile } from '../student/files/fileForm.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { Console } from './openConsole.ts';
import { quietTfjs } from './quietTfjs.ts';

/** A student that was read from a file. */
export interface StudentFile {
  readonly name: string;
  readonly form: 'bundle' | 'tfjs' | 'onnx';
  /** Size of the file and of those that it names. */
  readonly bytes: number;
  readonly artifacts: StudentArtifacts;
  readonly labels?: readonly string[];
  /** How data becomes inputs, as the file says. */
  readonly input?: object;
  /** Further metadata of a bundle: name, shapes, teacher and the names of its files. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Whether the first bytes are those of a bundle or of a model.json. */
export function isStudentFile(bytes: Uint8Array): boolean {
  return ['zip', 'json'].includes(formOf(bytes));
}

/**
 * A student from a bundle, from tfjs's model.json with its weights next to it, or from an ONNX file, which becomes layers.
 * Throws    bundle-invalid · student-invalid · invalid-onnx · unsupported-operator · what reading throws
 */
export async function readStudentFile(file: string, console: Console): Promise<StudentFile> {
  const bytes = await console.readFile(file);
  const [name, form] = [nameOfFile(file), formOf(bytes)];
  if (form === 'zip') {
    const { readBundle } = await import('../student/files/readBundle.ts');
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
  // A web page saved instead of the file gets an error that says so.
  if (form !== 'onnx') return readModelJson(file, bytes, console);
  await quietTfjs('cpu');
  const { fromOnnx } = await import('../student/fromOnnx.ts');
  const { artifacts } = await fromOnnx(bytes, { name });
  if (artifacts === undefined) throw new LimbeckError('internal', `"${file}" became a student without weights.`);
  return { name, form: 'onnx', bytes: bytes.length, artifacts };
}

async function readModelJson(file: string, model: Uint8Array, console: Console): Promise<StudentFile> {
  const { readModelFiles } = await import('../student/files/files.ts');
  let bytes = model.length;
  const artifacts = await readModelFiles(model, async (path) => {
    const part = await console.readBeside(file, path);
    bytes += part.length;
    return part;
  });
  return { name: nameOfFile(file), form: 'tfjs', bytes, artifacts };
}
