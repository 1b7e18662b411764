import { messageOf } from '../core/errors.ts';
import { installedVersion } from '../core/node.ts';

// What this page, or Node, offers onnxruntime besides wasm. Finding out does not load onnxruntime-web.

/** The part of WebGPU's adapter that is read; TypeScript's library does not describe it. */
export interface GpuAdapter {
  readonly isFallbackAdapter?: boolean;
  /** Numbers, by getters of its prototype. */
  readonly limits?: object;
  readonly features?: Iterable<string>;
  readonly info?: {
    readonly vendor?: string;
    readonly architecture?: string;
    readonly device?: string;
    readonly description?: string;
    readonly isFallbackAdapter?: boolean;
  };
}

interface Gpu {
  requestAdapter(): Promise<GpuAdapter | null>;
}

/** A GPU as WebGPU offers it, or a sentence that says why there is none. */
export interface FoundGpu {
  readonly obstacle?: string;
  /** Identifies the device, as far as the browser allows. */
  readonly name: string;
  /** A software GPU: correct, and slower than wasm. */
  readonly isSoftware: boolean;
  /** For what else it tells; it does not go to another thread. */
  readonly adapter?: GpuAdapter;
}

/** Asks the browser for its GPU; answers at once without WebGPU. */
export async function findGpu(): Promise<FoundGpu> {
  const none = (obstacle: string): FoundGpu => ({ obstacle, name: 'none', isSoftware: false });
  const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
  if (gpu === undefined || gpu === null) return none('This browser offers no WebGPU here.');
  let adapter: GpuAdapter | null;
  try {
    adapter = await gpu.requestAdapter();
  } catch (error) {
    return none(`WebGPU gave no adapter (${messageOf(error)}).`);
  }
  if (adapter === null) return none('WebGPU found no adapter on this device.');
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info ?? {};
  const isSoftware = isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
  const words = [vendor, architecture, device, description].filter((word) => word !== undefined && word !== '');
  return { name: words.join(' ') || 'unnamed', isSoftware, adapter };
}

/** A sentence that says why WebNN is not available, or undefined if it may be. */
export function webnnObstacle(): string | undefined {
  const hasWebnn = (globalThis.navigator as { ml?: unknown } | undefined)?.ml !== undefined;
  return hasWebnn ? undefined : 'This browser offers no WebNN here.';
}

/** A sentence that says why onnxruntime-node is not available, or undefined if it is. */
export function nativeObstacle(): string | undefined {
  const isInstalled = installedVersion('onnxruntime-node', import.meta.url) !== undefined;
  return isInstalled ? undefined : 'onnxruntime-node is not installed here.';
}
