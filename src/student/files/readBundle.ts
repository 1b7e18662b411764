import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkKnownOptions } from '../../core/options.ts';
import { isTagged } from '../../core/tags.ts';
import type { Bundle } from './bundle.ts';

const GIB = 2 ** 30;

/** How much is unpacked. */
export interface ReadBundleOptions {
  /** The most bytes that all files together may take once unpacked. Default: 1 GiB. */
  readonly mostBytes?: number;
}

/**
 * A student from a `.limbeck` bundle, which `toBundle` writes. Every file is checked against its hash.
 * Throws    bundle-invalid: no ZIP, or a damaged one; files that are missing, were changed, take more room than
 *           allowed, or are outside the bundle; a bundle of a newer version · student-invalid: its model is not a
 *           layers model · invalid-option
 *
 * @example
 * const { artifacts, manifest } = await readBundle(bytes);
 * const student = studentFromArtifacts(manifest.name, artifacts);
 */
export async function readBundle(
  source: Uint8Array | ArrayBuffer | Blob,
  options: ReadBundleOptions = {},
): Promise<Bundle> {
  // Not a schema: limbeck/run has this file, and is to stay small.
  checkKnownOptions(options, ['mostBytes'], 'readBundle');
  const { mostBytes = GIB } = options;
  checkCount(mostBytes, 'mostBytes');
  if (!(isTagged(source, 'Uint8Array') || isTagged(source, 'ArrayBuffer') || isTagged(source, 'Blob'))) {
    throw new LimbeckError(
      'invalid-option',
      `readBundle was given ${typeof source}; it takes the bytes of a bundle: a Uint8Array, an ArrayBuffer or a Blob. Fetch an address first.`,
    );
  }
  const { unpackBundle } = await import('./bundle.ts');
  return unpackBundle(isTagged(source, 'Blob') ? await source.arrayBuffer() : source, mostBytes);
}
