import { LimbeckError, messageOf } from '../core/errors.ts';
import type { NamedArrays, Shapes } from '../core/shape.ts';
import type { SafeTensor } from '../student/safetensors/safetensors.ts';
import { safeValues } from '../student/safetensors/safeValues.ts';
import { readSealed, writeSealed } from '../student/safetensors/sealedFile.ts';
import { checkValues } from './update.ts';

const FORM = { format: 'limbeck-federated-model', version: '1' };

/** What a round begins with, as a safetensors file; the same values give the same bytes. */
export function sharedToBytes(values: NamedArrays): Promise<Uint8Array<ArrayBuffer>> {
  const tensors = new Map(
    Object.entries(values).map(([name, { data, shape }]): [string, SafeTensor] => [
      name,
      { dtype: 'F32', shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
    ]),
  );
  return writeSealed({ tensors, metadata: {} }, FORM);
}

/** Throws    federation-mismatch: no such file, or with other names, shapes or values than this client's student has */
export async function sharedFromBytes(bytes: Uint8Array, shapes: Shapes): Promise<NamedArrays> {
  try {
    const { tensors } = await readSealed(bytes, FORM, (why) => new Error(why));
    const values = [...tensors].map(
      ([name, tensor]) => [name, { data: safeValues(tensor), shape: tensor.shape }] as const,
    );
    return checkValues(Object.fromEntries(values), shapes, 'the federation');
  } catch (error) {
    throw new LimbeckError(
      'federation-mismatch',
      `What the round begins with does not fit this client: ${messageOf(error)} Give all clients the same student and options, ` +
        'or the federation another name.',
      { cause: error },
    );
  }
}
