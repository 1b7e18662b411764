import { sha256 } from '../../core/hash.ts';
import type { ModelFiles } from './sessionSettings.ts';

/** Tells a model from every other: by its file, and by the names and contents of its external data. */
export async function hashOfFiles({ model, externalData }: ModelFiles): Promise<string> {
  const hash = await hashOf(model);
  if (externalData.length === 0) return hash;
  const others = await Promise.all(externalData.map(async ({ path, data }) => `${path} ${await hashOf(data)}`));
  return sha256(new TextEncoder().encode([hash, ...others].join('\n')));
}

async function hashOf(blob: Blob): Promise<string> {
  return sha256(new Uint8Array(await blob.arrayBuffer()));
}
