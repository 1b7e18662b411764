// The script of a helper thread, which the build makes into a file (`scripts/threadsFile.mjs`). A classic script, never
// imported.
import type { ThreadMessage } from './startThread.ts';

interface Exports {
  helperLoop(control: number, scratch: number, part: number): void;
  helperFailed(control: number): void;
}

// Nothing is imported here, so Node's door is opened once more.
const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
/** Where the thread hears from the one that started it. */
const port = (threads?.parentPort ?? globalThis) as unknown as MessagePort;

let linked: Exports | undefined;

async function onThreadMessage({ data }: MessageEvent<Partial<ThreadMessage>>): Promise<void> {
  const { link, work } = data;
  if (link !== undefined) {
    const { module, memory, lock } = link;
    await holdForLife(lock);
    linked = (await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as Exports;
    port.postMessage({ thread: 'linked' });
  }
  if (work !== undefined && linked !== undefined) {
    try {
      linked.helperLoop(work.control, work.scratch, work.part);
    } catch (error) {
      // The thread that waits is inside wasm and gets no message, only this word.
      linked.helperFailed(work.control);
      throw error;
    }
    port.close();
  }
}

/**
 * A lock held until this thread is gone, for whatever reason, which shows its end. The thread works without one too.
 */
function holdForLife(lock: string | undefined): Promise<void> {
  const locks = globalThis.navigator?.locks;
  if (lock === undefined || locks === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const hold = () => {
      resolve();
      return new Promise(() => undefined);
    };
    locks.request(lock, hold).catch(() => resolve());
  });
}

const onHelperFault = () => port.postMessage({ thread: 'failed' });
port.addEventListener('message', (event) => void onThreadMessage(event).catch(onHelperFault));
port.addEventListener('messageerror', onHelperFault);
port.postMessage({ thread: 'alive' });
