import { expose } from 'comlink';
import type { HelloMessage } from './host.ts';
import { registerTransfers } from './transfer.ts';

/** Offers an object's functions to whoever started this worker, and tells it so. */
export function serve(api: object): void {
  registerTransfers();
  expose(api);
  const lock = navigator.locks === undefined ? undefined : `limbeck-worker-${crypto.randomUUID()}`;
  const hello: HelloMessage = { limbeck: 'ready', lock };
  const greet = () => self.postMessage(hello);
  if (lock === undefined) greet();
  else {
    // The lock is held until this worker ends, in whatever way: that is how its host notices.
    void navigator.locks.request(lock, () => {
      greet();
      return new Promise(() => undefined);
    });
  }
}
