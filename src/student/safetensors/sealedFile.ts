import { sha256 } from '../../core/hash.ts';
import { readSafetensors, type Safetensors, writeSafetensors } from './safetensors.ts';

/** What a file says it is: "limbeck-patch", and the version of its form. */
export interface FileForm {
  readonly format: string;
  readonly version: string;
}

/** Placeholder for the hash while it is computed. */
const NO_HASH = '0'.repeat(64);

/**
 * A safetensors file that says what it is, and holds the SHA-256 of all its bytes, with zeros in place of the hash. The same
 * content gives the same bytes.
 */
export async function writeSealed(file: Safetensors, form: FileForm): Promise<Uint8Array<ArrayBuffer>> {
  return writeSafetensors(withHash(named(file, form), await hashOf(named(file, form))));
}

/** The number of bytes that `writeSealed` gives. */
export function sealedBytes(file: Safetensors, form: FileForm): number {
  return writeSafetensors(withHash(named(file, form), NO_HASH)).length;
}

/**
 * Reads a file that `writeSealed` wrote. Writing its content again must give the same file, so that the hash covers every byte.
 * Throws    safetensors-invalid · what `refuse` makes of a sentence: another format or version, a changed byte
 */
export async function readSealed(
  bytes: Uint8Array,
  form: FileForm,
  refuse: (why: string) => Error,
): Promise<Safetensors> {
  const file = readSafetensors(bytes);
  const { format, formatVersion, sha256: hash } = file.metadata;
  if (format !== form.format) throw refuse('its file holds something else');
  if (formatVersion !== form.version) {
    throw refuse(`its format has version ${formatVersion}, and this limbeck reads ${form.version}; update limbeck`);
  }
  const again = writeSafetensors(file);
  const isSame = again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
  if (!isSame || (await hashOf(file)) !== hash) throw refuse('its file was changed after it was written');
  return file;
}

function named({ tensors, metadata }: Safetensors, { format, version }: FileForm): Safetensors {
  return { tensors, metadata: { format, formatVersion: version, ...metadata } };
}

function withHash({ tensors, metadata }: Safetensors, hash: string): Safetensors {
  return { tensors, metadata: { ...metadata, sha256: hash } };
}

function hashOf(file: Safetensors): Promise<string> {
  return sha256(writeSafetensors(withHash(file, NO_HASH)));
}
