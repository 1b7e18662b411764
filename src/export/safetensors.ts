import { LimbeckError } from '../core/errors.ts';
import { given, type OptionsOf, schema } from '../core/schema.ts';
import { artifactsFrom, type StudentSource } from '../student/artifacts.ts';
import { type SafeDtype, writeSafetensors } from '../student/safetensors/safetensors.ts';
import { splitWeights } from '../student/weightBytes.ts';

const OPTIONS = schema('toSafetensors', {
  /** Texts for the file's header, such as { license: 'mit' }. Default: none. */
  metadata: given<Readonly<Record<string, string>>>(),
});

/** What the file holds besides the weights. */
export interface SafetensorsOptions extends OptionsOf<typeof OPTIONS> {}

const DTYPES: Readonly<Record<string, SafeDtype>> = { float32: 'F32', int32: 'I32', uint8: 'U8', bool: 'BOOL' };

/**
 * A student's weights as a safetensors file, which Python's `safetensors` reads: each under its name in the student, in
 * tfjs's layout, without the topology. The same weights give the same bytes.
 * Throws    student-invalid · safetensors-invalid: metadata that is not text, or two weights with one name · invalid-option
 *
 * @example
 * const bytes = await toSafetensors(student, { metadata: { license: 'mit' } });
 */
export async function toSafetensors(
  student: StudentSource,
  options: SafetensorsOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { metadata } = OPTIONS.read(options);
  const weights = splitWeights(await artifactsFrom(student));
  const names = weights.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new LimbeckError(
      'safetensors-invalid',
      `Two weights of the student are called "${twice}"; a safetensors file holds one of a name. Give the layers names of their own.`,
      { details: { name: twice } },
    );
  }
  const tensors = new Map(
    weights.map(({ name, shape, dtype, bytes }) => [name, { dtype: DTYPES[dtype] as SafeDtype, shape, bytes }]),
  );
  return writeSafetensors({ tensors, ...(metadata && { metadata }) });
}
