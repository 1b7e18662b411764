import { filePath } from '../core/node.ts';
import { trustedScript } from '../core/trustedScripts.ts';
import { askForAsset, assetUrl } from './assets.ts';
import { startThread } from './kernels/startThread.ts';

/** Scripts from which threads started before, by the address of the file. */
const found = new Map<string, string>();

/**
 * The script from which threads start here, approved under Trusted Types: the shipped file, or a blob of its text. A
 * blob starts several threads sooner; the file needs only `worker-src 'self'`, and is tried first if its own response
 * has a policy without blobs. Undefined if neither starts.
 */
export async function findThreadScript(assetBase?: string): Promise<string | undefined> {
  const url = assetUrl('threads.js', assetBase);
  if (filePath(url) !== undefined) return ifItStarts(url);
  const known = found.get(url);
  if (known !== undefined) return known;
  const file = await askForAsset(url).catch(() => undefined);
  if (file?.ok !== true) return undefined;
  const blob = URL.createObjectURL(new Blob([await file.arrayBuffer()], { type: 'text/javascript' }));
  const isBlobAllowed = file.headers.get('Content-Security-Policy')?.includes('blob:') ?? true;
  const [first, second] = isBlobAllowed ? [blob, url] : [url, blob];
  const script = (await ifItStarts(first)) ?? (await ifItStarts(second));
  if (String(script) !== blob) URL.revokeObjectURL(blob);
  if (script !== undefined) found.set(url, script);
  return script;
}

async function ifItStarts(url: string): Promise<string | undefined> {
  const script = trustedScript(url);
  const worker = await startThread(script, 'alive');
  worker?.terminate();
  return worker && script;
}
