import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import type { BackendWasm } from '../tf.ts';
import { watchAllocations } from './allocation.ts';
import type { KernelContext } from './kernel.ts';
import { reservePlanMemory } from './planMemory.ts';

/** A heap that never gives an address twice, and refuses to free what is not its own. */
function openHeap() {
  const blocks = new Map<number, number>();
  let next = 1024;
  const wasm = {
    _malloc(bytes: number) {
      const address = next;
      next += Math.ceil(bytes / 16) * 16 + 16;
      blocks.set(address, bytes);
      return address;
    },
    _free(address: number) {
      if (!blocks.delete(address)) throw new Error(`${address} is no block.`);
    },
  };
  /** Only data that comes with its values is a constant. */
  const backend = { wasm, move: (_id: unknown, values: unknown) => void (values && constants.push(wasm._malloc(64))) };
  const constants: number[] = [];
  const allocations = watchAllocations(
    backend as unknown as BackendWasm,
    {
      buffer: { byteLength: 2 ** 32 },
    } as WebAssembly.Memory,
  );
  const reserve = () => reservePlanMemory({ backend } as unknown as KernelContext);
  return { blocks, wasm, backend, constants, allocations, reserve };
}

describe('the memory of a plan', () => {
  test('random work: no two living tensors share a byte, and all is returned once', () => {
    const { blocks, wasm, reserve } = openHeap();
    const random = seededRandom(1);
    const memory = reserve();
    const living = new Map<number, number>();
    let [now, most] = [0, 0];
    for (let i = 0; i < 3000; i++) {
      if (living.size > 0 && random() < 0.5) {
        const address = [...living.keys()][Math.floor(random() * living.size)] as number;
        now -= living.get(address) as number;
        living.delete(address);
        wasm._free(address);
        continue;
      }
      const bytes = Math.ceil(2 ** (4 + 16 * random()));
      const address = wasm._malloc(bytes);
      for (const [other, length] of living) expect(address + bytes <= other || other + length <= address).toBe(true);
      living.set(address, bytes);
      now += bytes;
      most = Math.max(most, now);
    }
    expect(memory.bytes()).toBeLessThan(1.6 * most);
    memory.stop();
    // Half of what lives on is freed before the plan ends, and half after it.
    const left = [...living.keys()];
    for (const address of left.splice(0, left.length / 2)) wasm._free(address);
    memory.release();
    for (const address of left) wasm._free(address);
    expect(blocks.size).toBe(0);
  });

  test('maps that shrink and grow again take what lives at a time, not what has a size of its own', () => {
    const { blocks, wasm, reserve } = openHeap();
    const memory = reserve();
    const sizes = [1 << 20, 1 << 19, 3 << 17, 1 << 18, 5 << 16, 3 << 18, 7 << 16, 1 << 20];
    let before = wasm._malloc(sizes[0] as number);
    for (const bytes of sizes) {
      const next = wasm._malloc(bytes);
      wasm._free(before);
      before = next;
    }
    // Two neighbours live at once; one block for each size would be 5.4 MB.
    expect(memory.bytes()).toBeLessThanOrEqual((2 << 20) + 1024);
    memory.stop();
    memory.release();
    wasm._free(before);
    expect(blocks.size).toBe(0);
  });

  test('a constant has a block of its own, which nothing else gets', () => {
    const { blocks, wasm, backend, constants, reserve } = openHeap();
    const memory = reserve();
    wasm._free(wasm._malloc(64));
    backend.move('a', [1]);
    const [constant] = constants as [number];
    wasm._free(constant);
    const given = Array.from({ length: 9 }, () => wasm._malloc(64));
    expect(given).not.toContain(constant);
    memory.stop();
    for (const address of given) wasm._free(address);
    expect(blocks.has(constant)).toBe(true);
    memory.release();
    expect(blocks.size).toBe(0);
  });

  test('tensors of a plan may outlive the kernels', () => {
    const { blocks, wasm, allocations, reserve } = openHeap();
    const memory = reserve();
    const first = wasm._malloc(4096);
    wasm._free(first);
    const [a, b] = [wasm._malloc(1024), wasm._malloc(1024)];
    memory.stop();
    memory.release();
    allocations.undo();
    wasm._free(b);
    expect(blocks.size).toBe(1);
    wasm._free(a);
    expect(blocks.size).toBe(0);
  });
});
