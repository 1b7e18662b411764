import { LimbeckError } from '../../core/errors.ts';
import { type BackendWasm, engine, type NamedTensorInfoMap, type TensorInfo } from '../tf.ts';

type DataId = TensorInfo['dataId'];

interface Heap {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** Parts of blocks that live on as tensors, by heap and address, and what frees each; they are no blocks of the heap's own. */
const parts = new WeakMap<Heap, Map<number, () => void>>();

/** From now on freeing this address on the watched heap calls `give`, once. */
export function keepPart(heap: Heap, address: number, give: () => void): void {
  const own = parts.get(heap) ?? new Map<number, () => void>();
  parts.set(heap, own.set(address, give));
}

/** Allocation on the backend while kernels are installed. */
export interface Allocations {
  /** Calls a kernel. If it throws, frees what it made and restores the reference counts of its inputs. */
  run<T>(inputs: NamedTensorInfoMap, kernel: () => T): T;
  /** Allocates as tfjs does. */
  undo(): void;
}

/** The size of the heap's address space. */
const ADDRESSES = 2 ** 32;

/**
 * Until undone, a failed allocation throws out-of-memory. tfjs itself would use the returned 0 as an address and
 * overwrite the beginning of the heap, and it would truncate larger sizes to 32 bits.
 */
export function watchAllocations(backend: BackendWasm, memory: WebAssembly.Memory): Allocations {
  const wasm = backend.wasm as unknown as Heap;
  // Emscripten's functions replace themselves when they are called first, and what stands in their place.
  wasm._free(wasm._malloc(1));
  const { _malloc: malloc, _free: free } = wasm;
  const { move } = backend;
  const made: DataId[] = [];
  let depth = 0;

  wasm._malloc = (bytes) => {
    const address = bytes >= 0 && bytes < ADDRESSES ? malloc(bytes) >>> 0 : 0;
    if (address === 0 && bytes !== 0) throw outOfMemory(bytes);
    if (address + bytes > memory.buffer.byteLength) {
      // malloc overflows for a size near 2³², and gives a small block.
      wasm._free(address);
      throw outOfMemory(bytes);
    }
    return address;
  };
  wasm._free = (address) => {
    const give = parts.get(wasm)?.get(address);
    if (give === undefined) return free(address);
    parts.get(wasm)?.delete(address);
    give();
  };
  backend.move = (dataId, ...rest) => {
    // First, because it may throw after it has allocated.
    if (depth > 0) made.push(dataId);
    move.call(backend, dataId, ...rest);
  };

  /** The reference counts of inputs on this backend: composed kernels add references for a while. */
  function referencesOf(inputs: NamedTensorInfoMap): number[] {
    const counts: number[] = [];
    for (const name in inputs) counts.push(backend.refCount(inputs[name]?.dataId as DataId));
    return counts;
  }

  function putBack(inputs: NamedTensorInfoMap, references: readonly number[], first: number): void {
    for (const dataId of made.splice(first)) {
      // Data that the engine knows belongs to a tensor by now.
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
      // A tensor of a part may live longer than the kernels, and the heap itself does not know its address.
      if ((parts.get(wasm)?.size ?? 0) === 0) wasm._free = free;
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
