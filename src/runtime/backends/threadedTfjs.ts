import { LimbeckError, messageOf } from '../../core/errors.ts';
import { unbundledUrl } from '../assets.ts';
import { importScript } from '../importScript.ts';

/** Where tfjs finds its threaded build, of which limbeck's workers carry only this name (`rollup.config.mjs`). */
const BUILD = Symbol.for('limbeck.threaded-tfjs');
const SCRIPT = 'tfjs-backend-wasm-threaded.js';
const WASM = 'tfjs-backend-wasm-threaded-simd.wasm';

/**
 * Puts tfjs's own threaded build in its place, for comparison, and gives the address of its WebAssembly. Its threads start from `blob:`,
 * which a page's policy may forbid.
 * Throws    backend-unavailable: the file is not there
 */
export async function takeThreadedTfjs(assetBase: string | undefined): Promise<string> {
  const url = unbundledUrl(SCRIPT, assetBase);
  try {
    Object.assign(globalThis, { [BUILD]: await importScript<typeof import('./threadedModule.ts')>(url) });
  } catch (error) {
    throw new LimbeckError(
      'backend-unavailable',
      `tfjs's threaded build is not here (${messageOf(error)}): copy the package's files to a folder that your server serves ` +
        "(npx limbeck assets --to public/limbeck), and call configure({ assets: '/limbeck/' }).",
      { details: { url }, cause: error },
    );
  }
  return unbundledUrl(WASM, assetBase);
}
