import { detectWasm } from '../../runtime/capabilities.ts';
import { findGpu, webnnObstacle } from '../../runtime/ortDevices.ts';
import type { SessionDevice } from './sessionSettings.ts';

const NO_THREAD = 'The kernels would take the page’s tfjs.';

/** Where a teacher is to run; 'auto' measures where there is something to choose. */
export type DeviceOption = 'auto' | SessionDevice;

/** Where a model is opened first, and what is tried against it once there is a batch to try it with. */
export interface DevicePlan {
  readonly first: SessionDevice;
  /** Devices that may be faster: measured at the first batch, in this order. */
  readonly challengers: readonly SessionDevice[];
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
  readonly kernelsObstacle: typeof kernelsObstacle;
}

/** A sentence that says why the kernels are not to be had here, or undefined where they are. */
export async function kernelsObstacle(): Promise<string | undefined> {
  const { simdLevel } = await detectWasm();
  return simdLevel === 'none' ? 'This engine has no WebAssembly SIMD, which the kernels are made of.' : undefined;
}

/**
 * Looks at what is offered here and decides where to begin. Starts nothing. `hasOwnThread` tells whether the teacher gets
 * a worker: on the page's own thread 'auto' leaves tfjs, whose backend the kernels would take, to the page.
 */
export async function planDevices(
  option: DeviceOption,
  hasOwnThread: boolean,
  platform: Platform = { findGpu, webnnObstacle, kernelsObstacle },
): Promise<DevicePlan> {
  if (option === 'wasm') return planOf('wasm', { reasons: ['wasm was asked for.'] });
  const obstacleOfKernels = option === 'kernels' || hasOwnThread ? await platform.kernelsObstacle() : NO_THREAD;
  if (option === 'kernels') {
    if (obstacleOfKernels === undefined) return planOf('kernels', { reasons: ['The kernels were asked for.'] });
    const notice = `The teacher was to run on the kernels. ${obstacleOfKernels} It runs on wasm, which may be slower.`;
    return planOf('wasm', { reasons: [obstacleOfKernels], notices: [notice] });
  }
  const missing: string[] = [];
  if (option === 'webnn') {
    const obstacle = platform.webnnObstacle();
    if (obstacle === undefined) return planOf('webnn', { reasons: ['webnn was asked for.'] });
    missing.push(`The teacher was to run on webnn. ${obstacle}`);
  }
  const gpu = await platform.findGpu();
  const software = gpu.isSoftware ? 'WebGPU runs in software here, which is slower than wasm.' : undefined;
  if (option === 'webgpu') {
    if (gpu.obstacle !== undefined) {
      const notice = `The teacher was to run on webgpu. ${gpu.obstacle} It runs on wasm, which may be slower.`;
      return planOf('wasm', { reasons: [gpu.obstacle], notices: [notice] });
    }
    return planOf('webgpu', { reasons: ['webgpu was asked for.'], notices: software ? [software] : [], gpu: gpu.name });
  }
  const notices = missing.map((notice) => `${notice} The next best is taken.`);
  const obstacle = gpu.obstacle ?? software;
  const kernels: SessionDevice[] = obstacleOfKernels === undefined ? ['kernels'] : [];
  if (obstacle === undefined) {
    return planOf('wasm', { reasons: missing, notices, gpu: gpu.name, challengers: [...kernels, 'webgpu'] });
  }
  return planOf('wasm', { reasons: [...missing, obstacle], notices, gpu: gpu.name, challengers: kernels });
}

/** What a plan is made of, beside where it begins. */
interface PlanParts {
  readonly reasons: readonly string[];
  readonly notices?: readonly string[];
  readonly gpu?: string;
  readonly challengers?: readonly SessionDevice[];
}

function planOf(first: SessionDevice, parts: PlanParts): DevicePlan {
  const { reasons, notices = [], gpu = 'none', challengers = [] } = parts;
  return { first, challengers, reasons, notices, gpuName: gpu };
}
