import { type BackendWasm, backend_util, type TensorInfo } from '../../tf.ts';

/** A complex tensor's parts: two float32 tensors that belong to it alone. */
export interface ComplexParts {
  readonly real: TensorInfo;
  readonly imag: TensorInfo;
}

type DataId = TensorInfo['dataId'];
type Methods = Pick<BackendWasm, 'readSync' | 'disposeData'>;

const parts = new WeakMap<DataId, ComplexParts>();
const alive = new WeakMap<BackendWasm, number>();

export function partsOf({ dataId }: TensorInfo): ComplexParts {
  const found = parts.get(dataId);
  if (found === undefined) throw new Error('This complex64 tensor has no parts on the wasm backend.');
  return found;
}

/**
 * A complex tensor on tfjs's wasm backend, which has none: a tensor without memory that owns its two parts. While there
 * is one, the backend reads and frees complex tensors too; otherwise it is unchanged.
 */
export function makeComplex(backend: BackendWasm, shape: number[], real: Float32Array, imag: Float32Array): TensorInfo {
  const part = (values: Float32Array) => backend.makeOutput(shape, 'float32', undefined, values);
  // In tfjs-wasm only string tensors have no memory, so one is created and its entry changed.
  const dataId = backend.write([], shape, 'string');
  backend.dataIdMap.get(dataId).dtype = 'complex64';
  parts.set(dataId, { real: part(real), imag: part(imag) });
  const count = alive.get(backend) ?? 0;
  if (count === 0) addMethods(backend);
  alive.set(backend, count + 1);
  return { dataId, shape, dtype: 'complex64' };
}

/** The backend's own properties hide its class's methods, until they are deleted. */
function addMethods(backend: BackendWasm): void {
  const { readSync, disposeData } = Object.getPrototypeOf(backend) as Methods;
  const own: Methods = {
    readSync(dataId, start, end) {
      const complex = parts.get(dataId);
      if (complex === undefined) return readSync.call(backend, dataId, start, end);
      const [real, imag] = [complex.real, complex.imag].map((part) => readSync.call(backend, part.dataId));
      return backend_util.mergeRealAndImagArrays(real as Float32Array, imag as Float32Array);
    },
    disposeData(dataId, force) {
      const complex = parts.get(dataId);
      const isGone = disposeData.call(backend, dataId, force);
      if (complex === undefined || !isGone) return isGone;
      parts.delete(dataId);
      for (const part of [complex.real, complex.imag]) disposeData.call(backend, part.dataId, true);
      const count = (alive.get(backend) ?? 0) - 1;
      alive.set(backend, count);
      if (count === 0) {
        for (const name of Object.keys(own)) Reflect.deleteProperty(backend, name);
      }
      return true;
    },
  };
  Object.assign(backend, own);
}
