import { LimbeckError, messageOf } from '../../core/errors.ts';
import { unbundledUrl } from '../assets.ts';
import { importScript } from '../importScript.ts';
import * as tf from '../tf.ts';
import type { StockBackend } from './backend.ts';

const WEBGL = 'webgl';
const FILE = 'tfjs-backend-webgl.js';

/** What the shipped file exports; it is made for this thread's tfjs. */
interface WebGlFile {
  load(core: typeof tf): typeof import('./webglModule.ts');
}

/**
 * tfjs's WebGL backend as it comes, for comparison: nothing of limbeck's runs on it. Its file lies beside the worker, or in the
 * folder of limbeck's files, and is fetched only here.
 * Throws    backend-unavailable: the file is not there · no WebGL
 */
export async function openWebGl(assetBase: string | undefined): Promise<StockBackend> {
  const url = unbundledUrl(FILE, assetBase);
  if (tf.findBackendFactory(WEBGL) === null) {
    try {
      (await importScript<WebGlFile>(url)).load(tf);
    } catch (error) {
      throw new LimbeckError(
        'backend-unavailable',
        `tfjs's WebGL backend is not here (${messageOf(error)}): copy the package's files to a folder that your server ` +
          "serves (npx limbeck assets --to public/limbeck), and call configure({ assets: '/limbeck/' }).",
        { details: { url }, cause: error },
      );
    }
  }
  const isOpen = await tf.setBackend(WEBGL).catch(() => false);
  if (!isOpen) throw new LimbeckError('backend-unavailable', 'This browser offers no WebGL to workers here.');
  await tf.ready();
  const backend = tf.backend();
  return {
    heapBytes: () => (backend.memory() as { numBytesInGPU?: number }).numBytesInGPU ?? 0,
    dispose: () => tf.removeBackend(WEBGL),
  };
}
