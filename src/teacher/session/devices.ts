import type { OrtDevice } from '../../runtime/ort.ts';
import { findGpu, webnnObstacle } from '../../runtime/ortDevices.ts';

/** Where a teacher is to run; 'auto' measures where there is something to choose. */
export type DeviceOption = 'auto' | OrtDevice;

/** Where a model is opened first, and what is tried against it once there is a batch to try it with. */
export interface DevicePlan {
  readonly first: OrtDevice;
  /** A device that may be faster: measured at the first batch. */
  readonly challenger?: OrtDevice;
  /** Why there is no more to choose from, as sentences. */
  readonly reasons: readonly string[];
  /** What was asked for and cannot be had, as sentences. */
  readonly notices: readonly string[];
  /** Tells this page's GPU from others, for what is remembered of it. */
  readonly gpuName: string;
}

export interface Platform {
  readonly findGpu: typeof findGpu;
  readonly webnnObstacle: typeof webnnObstacle;
}

/**
 * Looks at what is offered here and decides where to begin. Starts nothing; where the browser has no WebGPU, 'auto'
 * costs nothing.
 */
export async function planDevices(
  option: DeviceOption,
  platform: Platform = { findGpu, webnnObstacle },
): Promise<DevicePlan> {
  if (option === 'wasm') return planOf('wasm', { reasons: ['wasm was asked for.'] });
  const missing: string[] = [];
  if (option === 'webnn') {
    const obstacle = platform.webnnObstacle();
    if (obstacle === undefined) return planOf('webnn', { reasons: ['webnn was asked for.'] });
    missing.push(`The teacher was to run on webnn. ${obstacle}`);
  }
  const gpu = await platform.findGpu();
  const software = gpu.isSoftware ? 'WebGPU is played by the processor here, which is slower than wasm.' : undefined;
  if (option === 'webgpu') {
    if (gpu.obstacle !== undefined) {
      const notice = `The teacher was to run on webgpu. ${gpu.obstacle} It runs on wasm, which may be slower.`;
      return planOf('wasm', { reasons: [gpu.obstacle], notices: [notice] });
    }
    return planOf('webgpu', { reasons: ['webgpu was asked for.'], notices: software ? [software] : [], gpu: gpu.name });
  }
  const notices = missing.map((notice) => `${notice} The next best is taken.`);
  const obstacle = gpu.obstacle ?? software;
  if (obstacle !== undefined) return planOf('wasm', { reasons: [...missing, obstacle], notices, gpu: gpu.name });
  return { ...planOf('wasm', { reasons: missing, notices, gpu: gpu.name }), challenger: 'webgpu' };
}

function planOf(
  first: OrtDevice,
  { reasons, notices = [], gpu = 'none' }: { reasons: readonly string[]; notices?: readonly string[]; gpu?: string },
): DevicePlan {
  return { first, reasons, notices, gpuName: gpu };
}
