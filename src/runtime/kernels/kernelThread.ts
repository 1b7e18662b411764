// The script of a helper thread, which the build makes into a file (`scripts/threadsFile.mjs`). A classic script, never
// imported.
import type { ThreadMessage } from './startThread.ts';

interface Exports {
  helperLoop(control: number, scratch: number, part: number): void;
  helperFailed(control: number): void;
}

let linked: Exports | undefined;

async function onThreadMessage({ data }: MessageEvent<Partial<ThreadMessage>>): Promise<void> {
  const { link, work } = data;
  if (link !== undefined) {
    const { module, memory, lock } = link;
    await holdForLife(lock);
    linked = (await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as Exports;
    postMessage({ thread: 'linked' });
  }
  if (work !== undefined && linked !== undefined) {
    try {
      linked.helperLoop(work.control, work.scratch, work.part);
    } catch (error) {
      // The thread that waits is inside wasm and gets no message, only this word.
      linked.helperFailed(work.control);
      throw error;
    }
    self.close();
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

const onHelperFault = () => postMessage({ thread: 'failed' });
addEventListener('message', (event: MessageEvent) => void onThreadMessage(event).catch(onHelperFault));
addEventListener('messageerror', onHelperFault);
postMessage({ thread: 'alive' });
