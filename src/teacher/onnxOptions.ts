import { LimbeckError } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';
import { flag, given, nested, type OptionsOf, oneOf, schema } from '../core/schema.ts';
import { hasWebGpuFiles, noWebGpuFiles } from '../core/webgpuFiles.ts';
import { checkTaps, type Tap } from '../onnx/describe/taps.ts';
import type { Store } from '../storage/store.ts';
import { COLOCATION, type Colocated } from '../workers/colocation.ts';
import type { FetchModelOptions } from './load/fetchModel.ts';
import { LOADED, type LoadedTeacherOptions } from './loadedOptions.ts';
import { checkRecurrent, type RecurrentOptions } from './recurrentOptions.ts';
import { ORT_SESSION } from './session/ortSessionOptions.ts';
import type { SessionSettings } from './session/sessionSettings.ts';

const OPTIONS = schema('loadTeacher', {
  ...LOADED.fields,
  /** Inner tensors of the model to give as outputs. */
  taps: given<readonly Tap[]>(),
  /** Cuts away what lies behind the taps, so that it costs nothing. Default: false. */
  untilTaps: flag(),
  /** Walks a model that carries state along a sequence. */
  recurrent: given<RecurrentOptions>(checkRecurrent),
  /** The outputs to fetch. Default: all. */
  outputs: given<readonly string[]>((outputs) => {
    if (outputs.length > 0 && outputs.every((name) => typeof name === 'string')) return;
    throw new LimbeckError('invalid-option', `"outputs" was ${String(outputs)}; it must be names, at least one.`);
  }),
  /**
   * 'auto' is onnxruntime-web on wasm, or limbeck's own kernels, WebGPU or, in Node, 'native' (onnxruntime-node, where it is
   * installed), where these give what wasm gives and are measured to be faster. A device that is not available here, cannot run
   * the model or gives other values than wasm is replaced by the next best, with a notice. 'webgpu' and 'webnn' need
   * `import 'limbeck/webgpu'`, without which 'auto' leaves WebGPU out. Default: 'auto'.
   */
  device: oneOf('auto', 'wasm', 'kernels', 'webgpu', 'webnn', 'native')(),
  /** Examples that the teacher asks for at a time; it takes any number. Default: 'auto', found out on what it is asked. */
  batchSize: given<number | 'auto'>((size) => {
    if (size !== 'auto') checkCount(size, 'batchSize');
  }),
  /** Settings of onnxruntime's session. */
  session: nested(ORT_SESSION),
  /** What the file must hash to, as subresource integrity. */
  integrity: given<NonNullable<FetchModelOptions['integrity']>>(),
  /** Files next to the model that hold its weights. Default: 'auto', found next to the model's address. */
  externalData: given<NonNullable<FetchModelOptions['externalData']>>(),
  /** Keeps the model's bytes, so that they are fetched once. */
  cache: given<NonNullable<FetchModelOptions['cache']>>(),
  /** Keeps what was measured. Default: the store of `cache`, if any. */
  store: given<Store>(),
  /**
   * A trainer on WebGPU: the teacher works in its worker, on its GPU, and `distill` with that trainer teaches without a
   * copy of the answers. With a trainer on anything else the teacher has a worker of its own. A colocated teacher takes only a
   * "read" of this package.
   */
  colocatedWith: given<Colocated>((trainer) => {
    // A teacher that is colocated has the symbol too.
    if (typeof trainer === 'object' && trainer !== null && COLOCATION in trainer && 'train' in trainer) return;
    throw new LimbeckError('invalid-option', '"colocatedWith" must be a trainer; await openTrainer(…) first.');
  }),
});

/** How a teacher is fed, tapped and read, where it runs, and where its file comes from. */
export interface LoadTeacherOptions extends LoadedTeacherOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Throws    invalid-option: an unknown option, or one of another form · backend-unavailable: a GPU was asked for without
 *           `limbeck/webgpu`
 */
export function checkLoadOptions(options: LoadTeacherOptions): void {
  const { taps, untilTaps, device, assetBase } = OPTIONS.read(options);
  if ((device === 'webgpu' || device === 'webnn') && !hasWebGpuFiles(assetBase)) throw noWebGpuFiles();
  checkTaps(taps, untilTaps);
}

/** What of it a session is told. */
export function settingsOf(name: string, options: LoadTeacherOptions): SessionSettings {
  const { assetBase, input, session, taps, untilTaps, recurrent, outputs, read, given } = options;
  return { name, assetBase, input, session, taps, untilTaps, recurrent, outputs, read: read?.spec, given };
}
