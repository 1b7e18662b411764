// Threads that help, in Node, and what they are to help with. Only tests import this file.
import { Worker as Thread } from 'node:worker_threads';
import { kernelThreadText } from '../../../../scripts/threadsFile.mjs';
import { seededRandom } from '../../../core/random.ts';
import { type GemmPlan, linear } from '../matmul/gemm.ts';
import type { WasmHeap } from '../pool.ts';
import type { ThreadMessage } from '../startThread.ts';
import { SEED } from './binaryCases.ts';

/** A heap in shared memory that only grows. */
export function sharedHeap(): WasmHeap {
  let next = 1024;
  return {
    memory: new WebAssembly.Memory({ initial: 256, maximum: 256, shared: true }),
    malloc(bytes) {
      const address = next;
      next += Math.ceil(bytes / 16) * 16;
      return address;
    },
    free() {},
  };
}

export function randomPlan(heap: WasmHeap, m: number, n: number, k: number): GemmPlan {
  const random = seededRandom(SEED);
  const valuesOf = (count: number) => {
    const address = heap.malloc(count * 4);
    new Float32Array(heap.memory.buffer, address, count).set(Float32Array.from({ length: count }, random));
    return address;
  };
  return {
    a: valuesOf(m * k),
    b: valuesOf(k * n),
    c: valuesOf(m * n),
    m,
    n,
    k,
    aRows: linear(k),
    aCols: linear(1),
    bRows: linear(n),
    bCols: linear(1),
    cRows: linear(n),
  };
}

/** As much of a browser's worker as a helper uses, on a thread of Node. */
export class NodeThread {
  onmessage?: (event: { data: unknown }) => void;
  onerror?: () => void;
  readonly thread: Promise<Thread> = this.#start();

  /** What a test does to the message that sends a helper to work, and how long the helper takes to read it. */
  protected toWork(work: ThreadMessage['work']): ThreadMessage['work'] {
    return work;
  }
  protected get delayMs(): number {
    return 0;
  }

  async #start(): Promise<Thread> {
    const source = `const { parentPort } = require('node:worker_threads');
      const listen = parentPort.addEventListener.bind(parentPort);
      parentPort.addEventListener = (type, listener) => listen(type, ({ data }) =>
        setTimeout(() => listener({ data }), data.work ? ${this.delayMs} : 0));
      ${await kernelThreadText()}`;
    const thread = new Thread(source, { eval: true });
    thread.on('message', (data) => this.onmessage?.({ data }));
    return thread;
  }

  async postMessage(message: Partial<ThreadMessage>): Promise<void> {
    const { work } = message;
    (await this.thread).postMessage(work === undefined ? message : { work: this.toWork(work) });
  }

  async terminate(): Promise<void> {
    await (await this.thread).terminate();
  }
}
