let channel: MessageChannel | undefined;
const waiting: (() => void)[] = [];

/**
 * Lets messages, timers and painting have a turn. A message comes back at once, where a timer would wait 4 ms. Node serves a
 * thousand messages before anything else, Ctrl-C among it, and ends while it waits for one; there each turn of its loop counts.
 */
export function yieldToEvents(): Promise<void> {
  const { setImmediate: nextTurn } = globalThis as { setImmediate?: (then: () => void) => unknown };
  if (nextTurn !== undefined) return new Promise((resolve) => void nextTurn(resolve));
  if (typeof MessageChannel === 'undefined') return new Promise((resolve) => setTimeout(resolve, 0));
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => waiting.shift()?.();
  }
  const { port2 } = channel;
  return new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(undefined);
  });
}
