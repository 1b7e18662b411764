import { LimbeckError } from '../../core/errors.ts';
import { isTagged } from '../../core/tags.ts';
import type { KERNEL_NUMBERS } from './numbers.ts';

/** What the compiled kernels export. Pointers are byte addresses on tfjs-wasm's heap. */
export interface KernelExports {
  gemmScratchBytes(): number;
  runKernel(kernel: number, args: number, scratch: number, part: number, parts: number): void;
  /** Returns 1 once all is done; else helpers are still working. */
  runShared(control: number, kernel: number, args: number, scratch: number, parts: number, own: number): number;
  /** Returns 1 once so many parts are done, 2 if a helper failed, 0 after some tenths of a second. */
  awaitParts(control: number, parts: number): number;
  /** Returns how many kernels are done; if not all, helpers are still working on the next. */
  runPlan(control: number, table: number, count: number, scratch: number, helpers: number): number;
  stopHelpers(control: number): void;
}

export type WasmKernel = keyof typeof KERNEL_NUMBERS;

const IMPORT_SECTION = 2;
const MEMORY_IMPORT = 2;
const SHARED_WITH_MAXIMUM = 3;
/** 65,536 pages, the most a 32-bit memory can have; an import's maximum must not be below the memory's own. */
const MOST_PAGES = [0x80, 0x80, 0x04];

/**
 * The same module, importing a shared memory. One binary serves shared and unshared heaps: a module that declares a
 * shared memory does not link to an unshared one, so the flag is set when it is loaded, not when it is built.
 */
export function importingSharedMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  for (let at = 8; at < bytes.length; ) {
    const section = bytes[at] as number;
    const size = readUnsigned(bytes, at + 1);
    if (section === IMPORT_SECTION) {
      const body = bytes.subarray(size.next, size.next + size.value);
      const limits = memoryLimitsAt(body);
      const minimum = readUnsigned(body, limits + 1);
      const changed = [
        ...body.subarray(0, limits),
        SHARED_WITH_MAXIMUM,
        ...body.subarray(limits + 1, minimum.next),
        ...MOST_PAGES,
        ...body.subarray(minimum.next),
      ];
      const head = [...bytes.subarray(0, at), section, ...writeUnsigned(changed.length)];
      return Uint8Array.from([...head, ...changed, ...bytes.subarray(size.next + size.value)]);
    }
    at = size.next + size.value;
  }
  throw new LimbeckError('internal', 'The kernel binary imports no memory; rebuild it with `npm run build`.');
}

/** The position of the memory's flag in an import section whose first import is the memory. */
function memoryLimitsAt(body: Uint8Array): number {
  let at = readUnsigned(body, 0).next;
  for (let name = 0; name < 2; name++) {
    const length = readUnsigned(body, at);
    at = length.next + length.value;
  }
  if (body[at] !== MEMORY_IMPORT) throw new LimbeckError('internal', 'The first import of the kernels is no memory.');
  return at + 1;
}

function readUnsigned(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    value |= (byte & 127) << shift;
    if (byte < 128) return { value, next: at };
  }
}

function writeUnsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...writeUnsigned(value >>> 7)];
}

/** Compiles the kernels so that they link to this memory. */
export function compileKernels(bytes: Uint8Array, memory: WebAssembly.Memory): Promise<WebAssembly.Module> {
  return WebAssembly.compile(isShared(memory) ? importingSharedMemory(bytes) : new Uint8Array(bytes));
}

export function isShared({ buffer }: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && isTagged(buffer, 'SharedArrayBuffer');
}

export async function linkKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<KernelExports> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return instance.exports as unknown as KernelExports;
}
