import { LimbeckError, messageOf } from '../core/errors.ts';
import type { BundleOptions } from '../export/bundle.ts';
import type { StudentSource } from '../student/artifacts.ts';
import type { Console } from './openConsole.ts';
import { faultText } from './printable.ts';

/** A student as a bundle, with its ONNX form too, unless it has layers that ONNX lacks. */
export async function bundled(student: StudentSource, options: BundleOptions, console: Console): Promise<Uint8Array> {
  const { toBundle } = await import('../export/bundle.ts');
  try {
    return await toBundle(student, { ...options, onnx: true });
  } catch (error) {
    if (!(error instanceof LimbeckError) || error.code !== 'unsupported-layer') throw error;
    console.writeError(faultText(`note: the bundle has no ONNX form: ${messageOf(error)}`));
    return toBundle(student, options);
  }
}
