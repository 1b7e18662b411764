import { LimbeckError } from '../core/errors.ts';
import { isTagged } from '../core/tags.ts';

/** The bytes of a model in whatever holds them; a view where it can be one. Throws    invalid-option: it holds no bytes */
export async function modelBytes(source: Uint8Array | ArrayBuffer | Blob, reader: string): Promise<Uint8Array> {
  if (isTagged(source, 'Uint8Array')) return source;
  if (isTagged(source, 'ArrayBuffer')) return new Uint8Array(source);
  if (isTagged(source, 'Blob')) return new Uint8Array(await source.arrayBuffer());
  throw new LimbeckError(
    'invalid-option',
    `${reader} was given ${source === null ? 'null' : typeof source}; it takes the bytes of a model: a Uint8Array, an ` +
      'ArrayBuffer or a Blob. Fetch an address first.',
  );
}
