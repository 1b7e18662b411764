import { isAbortError, LimbeckError, messageOf } from '../../core/errors.ts';
import { VERSIONS } from '../../core/versions.ts';
import { assetUrl } from '../assets.ts';
import type { GpuDevice } from '../gpu.ts';
import { importScript } from '../importScript.ts';
import * as tf from '../tf.ts';
import type { OpenBackend } from './backend.ts';
import { differenceFromCpu } from './webgpuCheck.ts';

const WEBGPU = 'webgpu';

interface Gpu {
  requestAdapter(options: { readonly powerPreference: string }): Promise<GpuAdapter | null>;
}

interface GpuAdapter {
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(wanted: { requiredFeatures: string[]; requiredLimits: Record<string, number> }): Promise<GpuDevice>;
}

/** What the shipped file exports; it is made for this thread's tfjs. */
type WebGpuModule = typeof import('./webgpuModule.ts');

/** Features that onnxruntime uses if available; a device has only what was requested. */
const FEATURES = ['shader-f16', 'subgroups', 'subgroup-size-control', 'timestamp-query'];

let loaded: Promise<WebGpuModule> | undefined;
let fault: LimbeckError | undefined;

/**
 * tfjs's WebGPU backend on its own device, which onnxruntime can share. Its results are first compared with plain
 * JavaScript, because some drivers compute wrong numbers.
 * Throws    backend-unavailable: no GPU, or none that computes correctly
 */
export async function openWebGpu(options: {
  readonly isIsolated: boolean;
  readonly assetBase: string | undefined;
  readonly notices: readonly string[];
}): Promise<OpenBackend> {
  const { isIsolated, assetBase, notices } = options;
  if (tf.version_core !== VERSIONS.tfjs) {
    throw unavailable(`its backend is of tfjs ${VERSIONS.tfjs}, and this thread has ${tf.version_core}`);
  }
  const device = await openDevice();
  let isOpen = true;
  const close = () => {
    isOpen = false;
    if (tf.findBackendFactory(WEBGPU) !== null) tf.removeBackend(WEBGPU);
    device.destroy();
  };
  try {
    fault = undefined;
    const blame = (why: string) => {
      if (isOpen) fault ??= failed(why);
    };
    // Without these two, a failure on the GPU gives zeros and no error.
    device.addEventListener('uncapturederror', (event) => blame((event as unknown as GpuErrorEvent).error.message));
    void device.lost.then(({ message, reason }) => blame(message || reason || 'its device was lost'));
    loaded ??= loadModule(assetBase).catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    const { WebGPUBackend } = await loaded;
    const backend = new WebGPUBackend(device as never);
    // Never chosen by tfjs itself.
    tf.registerBackend(WEBGPU, () => backend, 0);
    const difference = await differenceFromCpu(WEBGPU);
    if (difference !== undefined) throw unavailable(`this GPU computes wrong numbers: ${difference}`);
    throwIfGpuFailed();
    await tf.setBackend(WEBGPU);
    return {
      description: {
        backend: WEBGPU,
        threads: 1,
        simdLevel: 'none',
        hasKernels: false,
        isIsolated,
        tfjsVersion: VERSIONS.tfjs,
        notices,
      },
      gpuDevice: device,
      heapBytes: () => backend.memory().numBytesInGPU,
      dispose: close,
    };
  } catch (error) {
    close();
    throw error instanceof LimbeckError ? error : unavailable(messageOf(error), error);
  }
}

interface GpuErrorEvent {
  readonly error: { readonly message: string };
}

/** Throws    backend-unavailable: the GPU was lost, or refused a command */
export function throwIfGpuFailed(): void {
  if (fault !== undefined) throw fault;
}

/**
 * The cause of an error on a GPU: that the GPU failed, or the error itself. The loss of a GPU is reported a moment
 * after everything that waited for it was cancelled, which must not look like the caller's cancellation.
 */
export async function behindGpuError(error: unknown): Promise<unknown> {
  await new Promise((resolve) => setTimeout(resolve));
  return fault ?? (isAbortError(error) ? failed(messageOf(error), error) : error);
}

async function openDevice(): Promise<GpuDevice> {
  const { gpu } = (globalThis.navigator ?? {}) as { readonly gpu?: Gpu };
  if (gpu === undefined) throw unavailable('this browser offers none here');
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) throw unavailable('this device has no GPU that the browser allows');
    const requiredLimits: Record<string, number> = {};
    for (const name in adapter.limits) requiredLimits[name] = adapter.limits[name] as number;
    const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name));
    return await adapter.requestDevice({ requiredFeatures, requiredLimits });
  } catch (error) {
    throw error instanceof LimbeckError ? error : unavailable(messageOf(error), error);
  }
}

async function loadModule(assetBase: string | undefined): Promise<WebGpuModule> {
  const url = assetUrl('tfjs-backend-webgpu.js', assetBase);
  const { load } = await importScript<{ load: (core: typeof tf) => WebGpuModule }>(url);
  return load(tf);
}

function failed(why: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    'backend-unavailable',
    `The GPU failed while it was used (${why}). Open another trainer; with backend: 'wasm' none is needed.`,
    { cause },
  );
}

function unavailable(why: string, cause?: unknown): LimbeckError {
  return new LimbeckError('backend-unavailable', `WebGPU cannot be used: ${why}.`, { cause });
}
