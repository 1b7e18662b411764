import { detectWasm } from '../../runtime/capabilities.ts';
import { findGpu, nativeObstacle, webnnObstacle } from '../../runtime/ortDevices.ts';
import type { SessionDevice } from './sessionSettings.ts';

const NO_FILES = "WebGPU is not tried, because this page does not import 'limbeck/webgpu'.";
const NO_THREAD = 'The kernels would take the page’s tfjs.';

/** The device of a teacher; 'auto' measures if there is a choice. */
export type DeviceOption = 'auto' | SessionDevice;

/** The device on which a model is opened first, and those that are tried against it on the first batch. */
export interface DevicePlan {
  readonly first: SessionDevice;
  /** Devices that may be faster: measured at the first batch, in this order. */
  readonly challengers: readonly SessionDevice[];
  /** Why there are no more devices to choose from, as sentences. */
  readonly reasons: readonly string[];
  /** What was asked for and is not available, as sentences. */
  readonly notices: readonly string[];
  /** Identifies this page's GPU in what is remembered. */
  readonly gpuName: string;
}

/** What the teacher itself allows. */
export interface Place {
  /** Whether it gets a worker: on the page's own thread 'auto' leaves tfjs, whose backend the kernels would take, to the page. */
  readonly hasOwnThread: boolean;
  /** Whether limbeck's files for WebGPU are there. Default true. */
  readonly hasGpuFiles?: boolean;
}

export interface Platform {
  readonly findGpu: typeof findGpu;
  readonly webnnObstacle: typeof webnnObstacle;
  readonly kernelsObstacle: typeof kernelsObstacle;
  readonly nativeObstacle: typeof nativeObstacle;
}

/** Why the kernels are not available here, as a sentence; undefined if they are. */
export async function kernelsObstacle(): Promise<string | undefined> {
  const { simdLevel } = await detectWasm();
  return simdLevel === 'none' ? 'This engine has no WebAssembly SIMD, which the kernels are made of.' : undefined;
}

/** Finds the available devices and decides where to begin. Starts nothing. */
export async function planDevices(
  option: DeviceOption,
  { hasOwnThread, hasGpuFiles = true }: Place,
  platform: Platform = { findGpu, webnnObstacle, kernelsObstacle, nativeObstacle },
): Promise<DevicePlan> {
  if (option === 'wasm') return planOf('wasm', { reasons: ['wasm was asked for.'] });
  const obstacleOfKernels = option === 'kernels' || hasOwnThread ? await platform.kernelsObstacle() : NO_THREAD;
  if (option === 'kernels') {
    if (obstacleOfKernels === undefined) return planOf('kernels', { reasons: ['The kernels were asked for.'] });
    const notice = `The teacher was to run on the kernels. ${obstacleOfKernels} It runs on wasm, which may be slower.`;
    return planOf('wasm', { reasons: [obstacleOfKernels], notices: [notice] });
  }
  if (option === 'native') {
    const obstacle = platform.nativeObstacle();
    if (obstacle === undefined) return planOf('native', { reasons: ['native was asked for.'] });
    const notice = `The teacher was to run on native. ${obstacle} It runs on wasm, which may be slower.`;
    return planOf('wasm', { reasons: [obstacle], notices: [notice] });
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
  const obstacle = gpu.obstacle ?? software ?? (hasGpuFiles ? undefined : NO_FILES);
  const own: SessionDevice[] = obstacleOfKernels === undefined ? ['kernels'] : [];
  const kernels: SessionDevice[] = platform.nativeObstacle() === undefined ? ['native', ...own] : own;
  if (obstacle === undefined) {
    return planOf('wasm', { reasons: missing, notices, gpu: gpu.name, challengers: [...kernels, 'webgpu'] });
  }
  return planOf('wasm', { reasons: [...missing, obstacle], notices, gpu: gpu.name, challengers: kernels });
}

/** The rest of a plan. */
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
