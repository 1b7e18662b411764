import { keepPart } from './allocation.ts';
import type { KernelContext } from './kernel.ts';

/** The memory of a plan while its work is recorded, and as long as it is replayed. */
export interface PlanMemory {
  /** Ends the recording: from now on tensors get memory as usual. */
  stop(): void;
  readonly bytes: () => number;
  /** Returns to the heap what no living tensor needs, and the rest with its tensor. */
  release(): void;
}

/** A part of a chunk, between its neighbours. */
interface Part {
  readonly chunk: Chunk;
  address: number;
  bytes: number;
  isFree: boolean;
  before: Part | undefined;
  after: Part | undefined;
}

/** A block of the heap that tensors share by turns. */
interface Chunk {
  readonly address: number;
  readonly bytes: number;
}

const ALIGNMENT = 16;
/** A rest that is smaller stays with its part. */
const LEAST_REST = 256;
/** So that a small tensor that lives long does not take a place that a large one will need. */
const LARGEST_SHARE = 32;

/**
 * Until `stop`, memory that the work frees is kept for what it allocates next: the smallest free part that is large enough, cut
 * to size, and joined again with free neighbours. So a plan needs about as much as lives at one time, whatever the sizes are.
 * Each constant has its own block, since every replay writes again to those that are shared.
 */
export function reservePlanMemory({ backend }: KernelContext): PlanMemory {
  const { wasm } = backend as unknown as {
    wasm: { _malloc(bytes: number): number; _free(address: number): void };
  };
  const { _malloc: malloc, _free: free } = wasm;
  const { move } = backend;
  const chunks = new Set<Chunk>();
  const freeParts = new Set<Part>();
  const living = new Map<number, Part>();
  /** Blocks of constants, and which of them the work has freed. */
  const constants = new Map<number, 'living' | 'freed'>();
  let isForConstant = false;
  let isReleased = false;

  function newPart(bytes: number): Part | undefined {
    const address = malloc(bytes);
    if (address === 0) return undefined;
    const chunk = { address, bytes };
    chunks.add(chunk);
    return { chunk, address, bytes, isFree: false, before: undefined, after: undefined };
  }

  function take(bytes: number): number {
    const size = Math.ceil(Math.max(1, bytes) / ALIGNMENT) * ALIGNMENT;
    let best: Part | undefined;
    for (const part of freeParts) {
      const isFit = part.bytes >= size && part.bytes <= size * LARGEST_SHARE;
      if (isFit && (best === undefined || part.bytes < best.bytes)) best = part;
    }
    const part = best ?? newPart(size);
    if (part === undefined) return 0;
    freeParts.delete(part);
    part.isFree = false;
    if (part.bytes - size >= LEAST_REST) cut(part, size);
    living.set(part.address, part);
    return part.address;
  }

  function cut(part: Part, bytes: number): void {
    const { chunk, address, after } = part;
    const rest: Part = {
      chunk,
      address: address + bytes,
      bytes: part.bytes - bytes,
      isFree: true,
      before: part,
      after,
    };
    if (after !== undefined) after.before = rest;
    part.after = rest;
    part.bytes = bytes;
    freeParts.add(rest);
  }

  function give(part: Part): void {
    living.delete(part.address);
    part.isFree = true;
    freeParts.add(part);
    const { before } = part;
    if (part.after?.isFree) join(part, part.after);
    if (before?.isFree) join(before, part);
    if (isReleased) returnChunk(before?.isFree ? before : part);
  }

  function join(part: Part, after: Part): void {
    freeParts.delete(after);
    part.bytes += after.bytes;
    part.after = after.after;
    if (after.after !== undefined) after.after.before = part;
  }

  /** Once it is free as a whole. */
  function returnChunk({ chunk, bytes }: Part): void {
    if (bytes < chunk.bytes || !chunks.delete(chunk)) return;
    free(chunk.address);
  }

  wasm._malloc = (bytes) => {
    if (!isForConstant) return take(bytes);
    const address = malloc(bytes);
    if (address !== 0) constants.set(address, 'living');
    return address;
  };
  wasm._free = (address) => {
    const part = living.get(address);
    if (part !== undefined) give(part);
    // Nobody writes a constant again.
    else if (constants.has(address)) constants.set(address, 'freed');
    else free(address);
  };
  backend.move = (dataId, values, ...rest) => {
    isForConstant = values !== null && values !== undefined;
    try {
      move.call(backend, dataId, values, ...rest);
    } finally {
      isForConstant = false;
    }
  };
  return {
    stop() {
      wasm._malloc = malloc;
      wasm._free = free;
      backend.move = move;
      // What lives on is freed with its tensor.
      for (const [address, state] of constants) if (state === 'living') constants.delete(address);
      for (const [address, part] of living) keepPart(wasm, address, () => give(part));
    },
    bytes: () => [...chunks].reduce((sum, chunk) => sum + chunk.bytes, 0),
    release() {
      if (isReleased) return;
      isReleased = true;
      for (const address of constants.keys()) free(address);
      constants.clear();
      for (const part of [...freeParts]) returnChunk(part);
    },
  };
}
