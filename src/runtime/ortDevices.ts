import { messageOf } from '../core/errors.ts';

// What this page offers onnxruntime-web beside wasm. Nothing of onnxruntime-web is loaded to find out.

/** The little of WebGPU's adapter that is read here; TypeScript's own library does not describe it. */
interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: {
    readonly vendor?: string;
    readonly architecture?: string;
    readonly device?: string;
    readonly description?: string;
    readonly isFallbackAdapter?: boolean;
  };
}

interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

/** A GPU as WebGPU offers it, or the sentence that says why there is none. */
export interface FoundGpu {
  readonly obstacle?: string;
  /** Tells devices apart as far as the browser lets it. */
  readonly name: string;
  /** A processor that plays GPU: right, and slower than wasm. */
  readonly isSoftware: boolean;
}

/** Asks the browser for its GPU. Without WebGPU the answer comes at once. */
export async function findGpu(): Promise<FoundGpu> {
  const none = (obstacle: string): FoundGpu => ({ obstacle, name: 'none', isSoftware: false });
  const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
  if (gpu === undefined || gpu === null) return none('This browser offers no WebGPU here.');
  let adapter: Adapter | null;
  try {
    adapter = await gpu.requestAdapter();
  } catch (error) {
    return none(`WebGPU gave no adapter (${messageOf(error)}).`);
  }
  if (adapter === null) return none('WebGPU found no adapter on this device.');
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info ?? {};
  const isSoftware = isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
  const words = [vendor, architecture, device, description].filter((word) => word !== undefined && word !== '');
  return { name: words.join(' ') || 'unnamed', isSoftware };
}

/** A sentence that says why WebNN is not to be had here, or undefined where it may be. */
export function webnnObstacle(): string | undefined {
  const hasWebnn = (globalThis.navigator as { ml?: unknown } | undefined)?.ml !== undefined;
  return hasWebnn ? undefined : 'This browser offers no WebNN here.';
}
