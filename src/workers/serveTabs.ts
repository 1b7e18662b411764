// A shared worker: one model for all tabs. `startShared.ts` is its other side.
import type { JoinMessage } from './startShared.ts';

/** A part that holds a model. */
interface Part {
  open?(...given: never[]): Promise<unknown>;
}

/**
 * Offers a worker's parts to every tab that joins, each part with the model that the first tab opens. Ends the worker when the
 * last tab has left, which its lock tells, and no other is about to join, which it does in the turn of the worker's name.
 */
export function serveTabs(
  api: object,
  offer: (api: object, port: MessagePort) => void,
  greet: (port: MessagePort) => Promise<void>,
): void {
  const tabs = new Set<string>();
  const shared = Object.fromEntries(Object.entries(api).map(([name, part]) => [name, forTabs(part)]));
  const end = () => {
    if (tabs.size > 0) return undefined;
    self.close();
    return new Promise(() => undefined);
  };
  addEventListener('connect', (event) => {
    const [port] = (event as MessageEvent).ports as [MessagePort];
    port.addEventListener('message', ({ data }: MessageEvent<Partial<JoinMessage> | undefined>) => {
      const { limbeck, lock } = data ?? {};
      if (limbeck !== 'join' || lock === undefined) return;
      tabs.add(lock);
      void greet(port);
      void navigator.locks.request(lock, () => {
        tabs.delete(lock);
        port.close();
        if (tabs.size === 0) void navigator.locks.request(self.name, end);
      });
    });
    offer(shared, port);
  });
}

/** The model that is open answers whoever comes; no tab closes it for the others. */
function forTabs(part: Part): object {
  let opening: Promise<unknown> | undefined;
  const open = (...given: never[]) => {
    opening ??= part.open?.(...given).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return { ...part, open, opened: async () => opening };
}
