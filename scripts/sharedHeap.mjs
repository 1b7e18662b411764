// tfjs's WebAssembly build for one thread, with a heap that several threads may share.

/** The file's name, next to the code. */
export const SHARED_HEAP = 'tfjs-backend-wasm-simd-shared.wasm';
/** The file of tfjs's package that it is made from. */
export const UNSHARED_HEAP = 'tfjs-backend-wasm-simd.wasm';

const MEMORY_SECTION = 5;
const WITH_MAXIMUM = 1;
const SHARED_WITH_MAXIMUM = 3;

/**
 * The same module, whose own memory is shared: one bit of its limits. limbeck's helpers then work on tfjs's heap without
 * tfjs's threaded build, which starts eight workers of its own whatever it is asked for. tfjs's code stays on its thread.
 * Throws    Error: the module has no memory of its own with a maximum
 */
export function withSharedHeap(bytes) {
  for (let at = 8; at < bytes.length; ) {
    const size = readUnsigned(bytes, at + 1);
    if (bytes[at] === MEMORY_SECTION) {
      const limits = readUnsigned(bytes, size.next).next;
      if (bytes[limits] !== WITH_MAXIMUM) break;
      const shared = Uint8Array.from(bytes);
      shared[limits] = SHARED_WITH_MAXIMUM;
      return shared;
    }
    at = size.next + size.value;
  }
  throw new Error(`${UNSHARED_HEAP} looks different: this version of tfjs is not supported.`);
}

function readUnsigned(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    if (byte < 128) return { value, next: at };
  }
}
