import { expose } from 'comlink';
import { configure } from '../core/configure.ts';
import { parentPort } from '../core/node.ts';
import { addWebGpuFiles } from '../core/webgpuFiles.ts';
import type { HelloMessage, SettingsMessage, WebGpuMessage } from './host.ts';
import { registerTransfers } from './transfer.ts';

/** Offers an object's functions to the page or worker that started this worker, and tells it when they are ready. */
export function serve(api: object): void {
  registerTransfers();
  const port = parentPort();
  const onMessage = ({ data }: MessageEvent<Partial<WebGpuMessage> | Partial<SettingsMessage> | undefined>) => {
    if (data?.limbeck === 'webgpu' && data.files !== undefined) addWebGpuFiles(data.files);
    if (data?.limbeck === 'settings') configure({ assets: data.assets });
  };
  if (port === undefined) addEventListener('message', onMessage);
  else port.addEventListener('message', onMessage);
  expose(api, port);
  const serves = Object.keys(api);
  const say = (hello: HelloMessage) => (port === undefined ? self.postMessage(hello) : port.postMessage(hello));
  const greet = (lock?: string) => say({ limbeck: 'ready', lock, serves });
  // The lock is held until this worker ends, however it ends: that is how its host notices.
  const takeLock = async () => {
    const lock = `limbeck-worker-${crypto.randomUUID()}`;
    await navigator.locks.request(lock, () => {
      greet(lock);
      return new Promise(() => undefined);
    });
  };
  // A page without storage has no locks, or is refused them; its host is told at once all the same.
  takeLock().catch(() => greet());
}
