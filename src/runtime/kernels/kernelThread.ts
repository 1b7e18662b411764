// The script of a thread that helps, whoever starts it: a helper of limbeck's kernels, or one of tfjs's own threads,
// whose code the build lays before this (`scripts/threadsFile.mjs`). A classic script, never imported; each side ignores
// the other's messages.
import type { ThreadMessage } from './startThread.ts';

interface Exports {
  helperLoop(control: number, scratch: number, part: number): void;
  helperFailed(control: number): void;
}

let linked: Exports | undefined;

async function onThreadMessage({ data }: MessageEvent<Partial<ThreadMessage>>): Promise<void> {
  const { link, work } = data;
  if (link !== undefined) {
    const { module, memory } = link;
    linked = (await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as Exports;
    postMessage({ thread: 'linked' });
  }
  if (work !== undefined && linked !== undefined) {
    try {
      linked.helperLoop(work.control, work.scratch, work.part);
    } catch (error) {
      // Whoever waits for this thread is inside wasm and gets no message, only this word.
      linked.helperFailed(work.control);
      throw error;
    }
  }
}

const onHelperFault = () => postMessage({ thread: 'failed' });
addEventListener('message', (event: MessageEvent) => void onThreadMessage(event).catch(onHelperFault));
addEventListener('messageerror', onHelperFault);
// tfjs's code is here already, and is not to be fetched again from a blob: a policy may forbid that.
Object.assign(globalThis, { importScripts: () => undefined });
postMessage({ thread: 'alive' });
