// Guards around the blocks of tfjs's heap. Only tests import this file.
import { vi } from 'vitest';
import * as tf from '../../tf.ts';
import { heapOf } from '../install.ts';

/** Bits of a NaN that no computation gives: it marks memory, and poisons every result that reads it. */
export const MARK = 0x7fc0dead;
const GUARD_BYTES = 4096;

/**
 * From here to the end of the test, every block of tfjs's heap (tensors, scratch, arguments) lies between two guards
 * and is itself filled with the mark: a write beside a block is noticed when it is freed, and a value that is read
 * beside an input, or never written in an output, turns up as NaN.
 */
export function guardHeap() {
  const { wasm } = tf.backend() as unknown as {
    wasm: { _malloc(bytes: number): number; _free(address: number): void };
  };
  const { memory } = heapOf(tf.backend() as tf.BackendWasm);
  // Emscripten's functions replace themselves when they are called first.
  wasm._free(wasm._malloc(16));
  const { _malloc: malloc, _free: free } = wasm;
  const sizes = new Map<number, number>();
  const broken: string[] = [];
  const wordsAt = (address: number, bytes: number) => new Uint32Array(memory.buffer, address, bytes / 4);
  vi.spyOn(wasm, '_malloc').mockImplementation((bytes) => {
    const size = Math.ceil(bytes / 4) * 4;
    const start = malloc(size + 2 * GUARD_BYTES) >>> 0;
    if (start === 0) return 0;
    wordsAt(start, size + 2 * GUARD_BYTES).fill(MARK);
    sizes.set(start + GUARD_BYTES, size);
    return start + GUARD_BYTES;
  });
  vi.spyOn(wasm, '_free').mockImplementation((address) => {
    const size = sizes.get(address);
    if (size === undefined) {
      free(address);
      return;
    }
    sizes.delete(address);
    const isWhole = (at: number) => wordsAt(at, GUARD_BYTES).every((word) => word === MARK);
    if (!isWhole(address - GUARD_BYTES)) broken.push(`before a block of ${size} bytes`);
    if (!isWhole(address + size)) broken.push(`behind a block of ${size} bytes`);
    free(address - GUARD_BYTES);
  });
  return { broken, live: () => sizes.size };
}
