import { LimbeckError, messageOf } from '../../core/errors.ts';
import type { OpenBrowser } from './openBrowser.ts';

const ANSWER_MS = 10_000;

/**
 * Opens a page in a Chromium that listens for a debugger at an address, such as one of a phone behind `adb forward`.
 * Throws    read-failed: nothing answers there
 */
export async function openRemote(address: string, page: string): Promise<OpenBrowser> {
  const ask = async (path: string, method: string): Promise<string> => {
    const response = await fetch(new URL(path, address), {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.text();
  };
  try {
    const { id } = JSON.parse(await ask(`/json/new?${page}`, 'PUT')) as { readonly id?: unknown };
    if (typeof id !== 'string' || !/^[\w-]+$/.test(id)) throw new Error('it names no page');
    return {
      ended: new Promise(() => undefined),
      close: async () => void (await ask(`/json/close/${id}`, 'GET').catch(() => undefined)),
    };
  } catch (error) {
    throw new LimbeckError(
      'read-failed',
      `No browser that takes a debugger answers at ${address} (${messageOf(error)}). Start it with --remote-debugging-port=9222; of ` +
        'a phone: adb forward tcp:9222 localabstract:chrome_devtools_remote.',
      { cause: error },
    );
  }
}
