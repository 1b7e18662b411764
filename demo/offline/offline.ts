import { signal } from '@preact/signals';

/** What the service worker gives this visit. */
export interface Offline {
  readonly state: 'starting' | 'ready' | 'partly' | 'off';
  /** Why it is not ready, as a sentence. */
  readonly why?: string;
}

export const offline = signal<Offline>({ state: 'starting' });

/** Why this page has no cross-origin isolation although the service worker would give it, as a sentence. */
export const notIsolatedWhy = signal<string | undefined>(undefined);

let isInUse = false;

/** Says that the page holds something that a reload would lose, such as a file that was dropped. */
export function keepPage(): void {
  isInUse = true;
}

/** Set while a reload is to bring isolation, so that there is never a second one. */
const RELOADED = 'limbeck-demo-reloaded';

/**
 * Starts the service worker: the pages open without a network from the next visit on, and are cross-origin isolated even
 * where the host sends no headers for it, after one reload. Without service workers all works, on one thread.
 */
export async function startOffline(): Promise<void> {
  const obstacle = obstacleHere();
  if (obstacle !== undefined) return give('off', obstacle);
  try {
    const { serviceWorker } = navigator;
    const registration = await serviceWorker.register(new URL('./sw.js', document.baseURI), { updateViaCache: 'none' });
    offerToTakeOver(registration);
    await serviceWorker.ready;
    if (isolate()) return;
    await whenIdle();
    await keepFiles(registration);
  } catch (error) {
    give('off', `The browser refused the service worker: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function give(state: Offline['state'], why: string): void {
  offline.value = { state, why };
  if (!globalThis.crossOriginIsolated) notIsolatedWhy.value ??= why;
}

function obstacleHere(): string | undefined {
  if (new URLSearchParams(location.search).has('autostart')) return 'A script drives this page.';
  if (!isSecureContext) return 'The address is not a secure one: service workers need https, or localhost.';
  // Also in private windows of Firefox.
  if (!('serviceWorker' in navigator)) return 'This browser, or this kind of window, has no service workers.';
  return undefined;
}

/** Reloads the page if that will isolate it. Gives whether it does. */
function isolate(): boolean {
  if (globalThis.crossOriginIsolated) {
    remember(undefined);
    return false;
  }
  if (window.top !== window) {
    notIsolatedWhy.value = 'The page stands in a frame of another page, which decides about isolation.';
  } else if (recall() !== undefined) {
    notIsolatedWhy.value = 'The service worker sends the headers for isolation, and this browser did not take them.';
  } else if (
    isInUse ||
    navigator.userActivation?.hasBeenActive !== false ||
    document.documentElement.dataset['state'] === 'running'
  ) {
    notIsolatedWhy.value = 'Reload the page once for all cores: it was in use before the service worker had started.';
  } else if (remember('1')) {
    location.reload();
    return true;
  } else {
    notIsolatedWhy.value = 'This browser keeps nothing for the page, so it was not reloaded for isolation.';
  }
  return false;
}

function recall(): string | undefined {
  try {
    return sessionStorage.getItem(RELOADED) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Whether it was kept. */
function remember(value: string | undefined): boolean {
  try {
    if (value === undefined) sessionStorage.removeItem(RELOADED);
    else sessionStorage.setItem(RELOADED, value);
    return true;
  } catch {
    return false;
  }
}

/** A new version waits for the end of all pages of the old one; this page may be of the new one already. */
function offerToTakeOver(registration: ServiceWorkerRegistration): void {
  const scripts = [...document.scripts].map(({ src }) => src).filter((src) => src !== '');
  const offer = (worker: ServiceWorker | null) => worker?.postMessage({ type: 'take-over', scripts });
  offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed') offer(worker);
    });
  });
}

/** Later, when the page has what it needs itself. */
async function whenIdle(): Promise<void> {
  if (document.readyState !== 'complete') await new Promise((resolve) => addEventListener('load', resolve));
  await new Promise<void>((resolve) => {
    if ('requestIdleCallback' in window) requestIdleCallback(() => resolve(), { timeout: 5000 });
    else setTimeout(resolve, 1000);
  });
}

const PARTLY = {
  quota: 'The browser has no room for all files; what is missing comes from the network.',
  network: 'Some files could not be fetched, or are of another version; they are tried again at the next visit.',
} as const;

async function keepFiles({ active }: ServiceWorkerRegistration): Promise<void> {
  const { connection } = navigator as { readonly connection?: { readonly saveData?: boolean } };
  if (connection?.saveData) return give('partly', 'The browser saves data: files are kept as they are used.');
  const { port1, port2 } = new MessageChannel();
  const told = new Promise<{ missing: number; why?: keyof typeof PARTLY }>((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
  });
  active?.postMessage({ type: 'fill' }, [port2]);
  const { missing, why = 'network' } = await told;
  port1.close();
  offline.value = missing === 0 ? { state: 'ready' } : { state: 'partly', why: PARTLY[why] };
}
