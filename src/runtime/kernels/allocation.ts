import { LimbeckError } from '../../core/errors.ts';
import { type BackendWasm, engine, type NamedTensorInfoMap, type TensorInfo } from '../tf.ts';

type DataId = TensorInfo['dataId'];

/** What a backend allocates while kernels are installed. */
export interface Allocations {
  /** Calls a kernel. Where it throws, what it made is freed, and its inputs have no more references than before. */
  run<T>(inputs: NamedTensorInfoMap, kernel: () => T): T;
  /** Allocates as tfjs does. */
  undo(): void;
}

/** What the heap's addresses can count. */
const ADDRESSES = 2 ** 32;

/**
 * Until undone, an allocation that fails throws out-of-memory. tfjs itself would take the 0 that it is given for an
 * address and write there, over whatever lies at the beginning of the heap; and it would ask for the last 32 bits only
 * of a size beyond them.
 */
export function watchAllocations(backend: BackendWasm, memory: WebAssembly.Memory): Allocations {
  const wasm = backend.wasm as unknown as { _malloc(bytes: number): number; _free(address: number): void };
  const { _malloc: malloc } = wasm;
  const { move } = backend;
  const made: DataId[] = [];
  let depth = 0;

  wasm._malloc = (bytes) => {
    const address = bytes >= 0 && bytes < ADDRESSES ? malloc(bytes) >>> 0 : 0;
    if (address === 0 && bytes !== 0) throw outOfMemory(bytes);
    if (address + bytes > memory.buffer.byteLength) {
      // It counts past 2³² itself where a size is near it, and gives a small block.
      wasm._free(address);
      throw outOfMemory(bytes);
    }
    return address;
  };
  backend.move = (dataId, ...rest) => {
    // First: it may throw when it has allocated.
    if (depth > 0) made.push(dataId);
    move.call(backend, dataId, ...rest);
  };

  /** Of each input that lies here: composed kernels give it further names for a while. */
  function referencesOf(inputs: NamedTensorInfoMap): number[] {
    const counts: number[] = [];
    for (const name in inputs) counts.push(backend.refCount(inputs[name]?.dataId as DataId));
    return counts;
  }

  function putBack(inputs: NamedTensorInfoMap, references: readonly number[], first: number): void {
    for (const dataId of made.splice(first)) {
      // What the engine knows of is a tensor's by now.
      if (!engine().state.tensorInfo.has(dataId)) backend.disposeData(dataId, true);
    }
    Object.values(inputs).forEach((input, i) => {
      const dataId = input?.dataId as DataId;
      const before = references[i] as number;
      while (before > 0 && backend.refCount(dataId) > before) backend.disposeData(dataId);
    });
  }

  return {
    run(inputs, kernel) {
      const first = made.length;
      const references = referencesOf(inputs);
      depth++;
      try {
        return kernel();
      } catch (error) {
        putBack(inputs, references, first);
        throw error;
      } finally {
        depth--;
        if (depth === 0) made.length = 0;
      }
    },
    undo() {
      wasm._malloc = malloc;
      backend.move = move;
    },
  };
}

export function outOfMemory(bytes: number): LimbeckError {
  return new LimbeckError(
    'out-of-memory',
    `The WebAssembly heap has no room for ${bytes} more bytes. Use a smaller batch or a smaller student.`,
    { details: { bytes } },
  );
}

export function isOutOfMemory(error: unknown): boolean {
  return error instanceof LimbeckError && error.code === 'out-of-memory';
}
