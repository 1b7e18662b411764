import { trustedScript } from '../core/trustedScripts.ts';
import { assetUrl, loadAsset } from './assets.ts';
import { startThread } from './kernels/startThread.ts';

/** From where threads started before, by the folder that was named. */
const found = new Map<string | undefined, string>();

/**
 * The script from which threads start here, vouched for: the shipped file, which needs no more than
 * `worker-src 'self'`. Where that cannot be a worker (it lies on another origin, or only blobs are allowed), the same
 * text as a blob. Undefined where neither starts.
 */
export async function findThreadScript(assetBase?: string): Promise<string | undefined> {
  const known = found.get(assetBase);
  if (known !== undefined) return known;
  const script = (await ifItStarts(assetUrl('threads.js', assetBase))) ?? (await asBlob(assetBase));
  if (script !== undefined) found.set(assetBase, script);
  return script;
}

async function asBlob(assetBase: string | undefined): Promise<string | undefined> {
  const bytes = await loadAsset('threads.js', assetBase).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const url = URL.createObjectURL(new Blob([bytes], { type: 'text/javascript' }));
  const script = await ifItStarts(url);
  if (script === undefined) URL.revokeObjectURL(url);
  return script;
}

async function ifItStarts(url: string): Promise<string | undefined> {
  const script = trustedScript(url);
  const worker = await startThread(script, 'alive');
  worker?.terminate();
  return worker && script;
}
