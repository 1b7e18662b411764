import { type Endpoint, expose } from 'comlink';
import { configure } from '../core/configure.ts';
import { parentPort } from '../core/node.ts';
import { addWebGpuFiles } from '../core/webgpuFiles.ts';
import { holdLock } from './holdLock.ts';
import type { HelloMessage, SettingsMessage, WebGpuMessage } from './host.ts';
import { serveTabs } from './serveTabs.ts';
import { registerTransfers } from './transfer.ts';

/** Offers an object's functions to the page or worker that started this worker, or to its tabs, and tells when they are ready. */
export function serve(api: object): void {
  registerTransfers();
  const serves = Object.keys(api);
  const offer = (one: object, port: Endpoint) => {
    port.addEventListener('message', onMessage as EventListener);
    expose(one, port);
  };
  // Its host notices by the lock that this worker ended. A page without storage has no locks; its host is told all the same.
  const held = holdLock('worker').catch(() => undefined);
  const greet = async (port: Endpoint) => {
    const lock = (await held)?.lock;
    port.postMessage({ limbeck: 'ready', lock, serves } satisfies HelloMessage);
  };
  if ('onconnect' in globalThis) {
    serveTabs(api, offer, greet);
  } else {
    const port = (parentPort() as Endpoint | undefined) ?? (globalThis as unknown as Endpoint);
    offer(api, port);
    void greet(port);
  }
}

function onMessage({ data }: MessageEvent<Partial<WebGpuMessage> | Partial<SettingsMessage> | undefined>) {
  if (data?.limbeck === 'webgpu' && data.files !== undefined) addWebGpuFiles(data.files);
  if (data?.limbeck === 'settings') configure({ assets: data.assets });
}
