import { expose } from 'comlink';
import { configure } from '../core/configure.ts';
import { addWebGpuFiles } from '../core/webgpuFiles.ts';
import type { HelloMessage, SettingsMessage, WebGpuMessage } from './host.ts';
import { registerTransfers } from './transfer.ts';

/** Offers an object's functions to the page or worker that started this worker, and tells it when they are ready. */
export function serve(api: object): void {
  registerTransfers();
  globalThis.addEventListener?.(
    'message',
    ({ data }: MessageEvent<Partial<SettingsMessage | WebGpuMessage> | undefined>) => {
      if (data?.limbeck === 'settings') configure({ assets: data.assets });
      if (data?.limbeck === 'webgpu' && data.files !== undefined) addWebGpuFiles(data.files);
    },
  );
  expose(api);
  const serves = Object.keys(api);
  const greet = (lock?: string) => self.postMessage({ limbeck: 'ready', lock, serves } satisfies HelloMessage);
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
