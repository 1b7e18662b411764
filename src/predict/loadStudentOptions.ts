import type { ModelCache } from '../network/cache/modelCache.ts';
import type { ModelIntegrity } from '../network/integrity.ts';
import type { FileProgress } from '../network/readResponse.ts';
import type { Store } from '../storage/store.ts';
import type { EngineName } from './engine.ts';
import type { EngineWorker } from './openEngine.ts';

/** Which engine computes, where, and what the answers are called. */
export interface LoadStudentOptions {
  /**
   * The engine. 'auto' (default) takes the only form that the file has. Of two it takes the ONNX form if that is quantized,
   * because it was made smaller on purpose; otherwise it opens both, compares and measures them on this device, and keeps the
   * faster one, or tfjs if they disagree.
   */
  readonly engine?: 'auto' | EngineName;
  /** Names of the classes, in the order of the output. Default: the labels in the file. */
  readonly labels?: readonly string[];
  /** Default: the cores of the device, 4 at most; 1 where the page is not cross-origin isolated, and where memory is short (iOS). */
  readonly threads?: number;
  /**
   * A worker of limbeck's own (default), one that you make for an engine (of dist/runWorker.js for 'onnxruntime', of
   * dist/worker.js for 'tfjs'), or 'none': on this thread. 'shared' opens the same model once for all tabs of the origin that ask
   * for it so, in a SharedWorker, which ends when the last of them has left; where there is none, a worker of its own, with a
   * notice. Of two forms 'auto' takes the ONNX form there, without measuring.
   */
  readonly worker?: EngineWorker;
  /**
   * The hash of the file, as subresource integrity; for a model.json, a record with its hash and that of each file of
   * weights. Checked before a byte is used.
   */
  readonly integrity?: ModelIntegrity;
  /**
   * Keeps files from http(s) addresses, as `loadTeacher` does: the server is asked whether they changed, a download that was
   * stopped goes on at the next visit, and several tabs load once. Default: none, so that the file is loaded again.
   */
  readonly cache?: Store | ModelCache;
  /** Called as the file is loaded; the total is undefined where the server does not tell it, and for a model.json. */
  readonly onProgress?: FileProgress;
  /** The folder that serves the package's .wasm files. Default: next to the code. */
  readonly assetBase?: string;
  readonly name?: string;
  readonly signal?: AbortSignal;
}
