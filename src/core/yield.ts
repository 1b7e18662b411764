/** In Node, a port that hears nothing may not keep the process, and one that is waited for must. */
type Port = MessagePort & { ref?(): void; unref?(): void };

let channel: { readonly port1: Port; readonly port2: Port } | undefined;
const waiting: (() => void)[] = [];

/** Lets messages, timers and painting have a turn. A message comes back at once, where a timer would wait 4 ms. */
export function yieldToEvents(): Promise<void> {
  if (typeof MessageChannel === 'undefined') return new Promise((resolve) => setTimeout(resolve, 0));
  channel ??= openChannel();
  const { port1, port2 } = channel;
  return new Promise((resolve) => {
    waiting.push(resolve);
    port1.ref?.();
    port2.postMessage(undefined);
  });
}

function openChannel() {
  const { port1, port2 }: { port1: Port; port2: Port } = new MessageChannel();
  port1.onmessage = () => {
    waiting.shift()?.();
    if (waiting.length === 0) port1.unref?.();
  };
  return { port1, port2 };
}
