/** Memories of WebAssembly that were made while they were watched. */
export interface WatchedHeaps {
  /** Their bytes now; undefined if there are none. */
  bytes(): number | undefined;
  /** By which they have grown. */
  grownBytes(): number | undefined;
  stop(): void;
}

/** onnxruntime does not show its heap, so this looks at what is made on this thread until `stop`. */
export function watchHeaps(): WatchedHeaps {
  const { Memory } = WebAssembly;
  const made: WebAssembly.Memory[] = [];
  let first = 0;
  const bytes = () => (made.length === 0 ? undefined : made.reduce((sum, { buffer }) => sum + buffer.byteLength, 0));
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, given, made_) {
      const memory = Reflect.construct(target, given, made_) as WebAssembly.Memory;
      made.push(memory);
      first += memory.buffer.byteLength;
      return memory;
    },
  });
  return {
    bytes,
    grownBytes: () => (made.length === 0 ? undefined : (bytes() as number) - first),
    stop() {
      WebAssembly.Memory = Memory;
    },
  };
}
