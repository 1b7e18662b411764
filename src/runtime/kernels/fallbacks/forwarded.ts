import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  type BackendValues,
  type BackendWasm,
  BatchMatMul,
  Bincount,
  Conv3DBackpropFilterV2,
  Conv3DBackpropInputV2,
  findBackend,
  getKernel,
  getKernelsForBackend,
  Identity,
  MaxPool3D,
  MaxPool3DGrad,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  Reshape,
  type TensorInfo,
} from '../../tf.ts';
import type { Kernel } from '../kernel.ts';
import { makeComplex, partsOf } from './complexData.ts';

const CPU = 'cpu';
const WASM = 'wasm';
/** Operations that only give the data another name or shape: tfjs-wasm does them for every dtype. */
const RENAMING: readonly string[] = [Identity, Reshape];
/** Operations that tfjs-wasm has, with wrong results. */
const WRONG: readonly string[] = [Conv3DBackpropFilterV2, Conv3DBackpropInputV2, MaxPool3D, MaxPool3DGrad];
const LARGEST_ATTRIBUTE = 4096;
const FOREIGN_DTYPES: readonly unknown[] = ['string', 'complex64'];

/**
 * Operations and dtypes that tfjs-wasm lacks, run by tfjs's cpu backend on copies of the tensors: strings, complex
 * numbers, products of whole matrices, and whole operations such as FFT. Slow but correct, for what small students
 * rarely need. An operation with a kernel of limbeck's comes here only if the kernel does not apply.
 */
export function forwarded(): readonly Kernel[] {
  return getKernelsForBackend(CPU).map(({ kernelName }) => {
    const isOnWasm = (getKernel(kernelName, WASM) ?? undefined) !== undefined;
    return {
      kernelName,
      run({ backend }, inputs, attrs) {
        if (isOnWasm && !isForeign(kernelName, inputs, attrs)) return undefined;
        return runOnCpu(backend, kernelName, inputs, attrs);
      },
    };
  });
}

/** Whether tfjs-wasm fails or computes nonsense while the cpu backend is right. */
function isForeign(kernelName: string, inputs: NamedTensorInfoMap, attrs: NamedAttrMap | undefined): boolean {
  if (RENAMING.includes(kernelName)) return false;
  if (WRONG.includes(kernelName)) return true;
  for (const name in inputs) {
    const tensor = inputs[name];
    if (tensor === undefined || tensor === null) continue;
    // tfjs-wasm accesses memory outside an empty tensor, or never ends.
    if (tensor.shape.includes(0) && isSensible(attrs)) return true;
    if (tensor.dtype === 'string' || tensor.dtype === 'complex64') return true;
    if (kernelName === BatchMatMul && tensor.dtype !== 'float32') return true;
    if (kernelName === Bincount && name === 'x' && tensor.shape.length > 1) return true;
  }
  return FOREIGN_DTYPES.includes(attrs?.['dtype']);
}

/** tfjs's cpu backend never ends on invalid windows. */
function isSensible(attrs: NamedAttrMap = {}): boolean {
  const numbers = Object.values(attrs)
    .flat(2)
    .filter((value) => typeof value === 'number');
  return numbers.every((value) => Number.isFinite(value) && Math.abs(value) <= LARGEST_ATTRIBUTE);
}

function runOnCpu(
  backend: BackendWasm,
  kernelName: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap | undefined,
): TensorInfo | TensorInfo[] {
  const cpu = findBackend(CPU) as unknown as MathBackendCPU;
  const originals = new Map<TensorInfo, TensorInfo>();
  const copies = copied(inputs, (tensor) => {
    const copy = toCpu(backend, cpu, tensor);
    originals.set(copy, tensor);
    return copy;
  });
  const owned = [...originals.keys()];
  // Draw returns its input tensor.
  const fetched = (tensor: TensorInfo) => originals.get(tensor) ?? fromCpu(backend, cpu, tensor);
  try {
    const result = cpuKernel(kernelName, copies, attrs, cpu);
    owned.push(...[result].flat());
    return Array.isArray(result) ? result.map(fetched) : fetched(result);
  } finally {
    // An output may share its data with an input; each reference counts once.
    for (const { dataId } of owned) cpu.disposeData(dataId);
  }
}

/** Inputs are named; Concat gets a list of them, RaggedGather has a list under a name, and a name may be left out. */
function copied<Inputs>(inputs: Inputs, copy: (tensor: TensorInfo) => TensorInfo): Inputs {
  if (typeof inputs !== 'object' || inputs === null) return inputs;
  if (Array.isArray(inputs)) return inputs.map((one) => copied(one, copy)) as Inputs;
  if ('dataId' in inputs) return copy(inputs as unknown as TensorInfo) as Inputs;
  return Object.fromEntries(Object.entries(inputs).map(([name, one]) => [name, copied(one, copy)])) as Inputs;
}

function cpuKernel(
  kernelName: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap | undefined,
  backend: MathBackendCPU,
): TensorInfo | TensorInfo[] {
  const kernel = getKernel(kernelName, CPU);
  if (!kernel) throw new Error(`tfjs’s cpu backend has no '${kernelName}'.`);
  return kernel.kernelFunc({ inputs, attrs, backend });
}

function toCpu(backend: BackendWasm, cpu: MathBackendCPU, tensor: TensorInfo): TensorInfo {
  const { dataId, shape, dtype } = tensor;
  if (dtype !== 'complex64') return cpu.makeTensorInfo(shape, dtype, backend.readSync(dataId));
  const complex = partsOf(tensor);
  const part = (of: TensorInfo) => cpu.makeTensorInfo(shape, 'float32', backend.readSync(of.dataId));
  const [real, imag] = [part(complex.real), part(complex.imag)];
  const copy = cpuKernel('Complex', { real, imag }, undefined, cpu) as TensorInfo;
  for (const one of [real, imag]) cpu.disposeData(one.dataId);
  return copy;
}

function fromCpu(backend: BackendWasm, cpu: MathBackendCPU, { dataId, shape, dtype }: TensorInfo): TensorInfo {
  const { complexTensorInfos: complex } = cpu.data.get(dataId);
  const values = (of: TensorInfo['dataId']) => cpu.readSync(of) as BackendValues;
  if (complex === undefined || complex === null) {
    return backend.makeOutput(shape, dtype, undefined, values(dataId));
  }
  const part = (of: TensorInfo) => values(of.dataId) as Float32Array;
  return makeComplex(backend, shape, part(complex.real), part(complex.imag));
}
