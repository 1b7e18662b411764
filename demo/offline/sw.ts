// The demo's service worker: the pages work without a network after the first visit, and have cross-origin isolation where the
// host sends no such headers. It never answers from what it kept while a file may be a newer one: names that hold a
// hash come from the cache, all others from the network, with the cache where there is none.
//
// One cache, whose keys hold each file's hash: versions share what did not change, and a version finds its own files only.

interface Listed {
  /** Below the folder of this script. */
  readonly path: string;
  /** SHA-256 of the file, as hex. */
  readonly hash: string;
  /** 'first': kept as soon as there is time. 'used': kept when a page asks for it. */
  readonly keep: 'first' | 'used';
}

/** The files of the build; written by `scripts/demoWorker.mjs`. */
declare const FILES: readonly Listed[];

/** The part of ServiceWorkerGlobalScope that is used here: its types and those of a page exclude each other. */
interface Scope {
  readonly registration: { readonly scope: string; readonly active: object | null };
  readonly location: Location;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { type: 'window'; includeUncontrolled: true }): Promise<readonly { readonly url: string }[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void;
}
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Events {
  install: Lasting;
  activate: Lasting;
  fetch: Lasting & { readonly request: Request; respondWith(response: Promise<Response>): void };
  message: Lasting & { readonly data: unknown; readonly ports: readonly MessagePort[] };
}

const sw = self as unknown as Scope;
const { scope } = sw.registration;
const CACHE = `limbeck-demo ${scope}`;
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const byAddress = new Map(FILES.map((file) => [addressOf(file), file]));
// A server may give a page without its ending, and the folder for its first page.
for (const [address, file] of [...byAddress]) {
  if (file.path.endsWith('.html')) byAddress.set(address.replace(/(?<=\/)index\.html$|\.html$/, ''), file);
}

sw.addEventListener('install', (event) => event.waitUntil(install()));
sw.addEventListener('activate', (event) => event.waitUntil(activate()));
sw.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== sw.location.origin) return;
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
  event.respondWith(answer(event).then(isolated));
});
sw.addEventListener('message', (event) => {
  const message = event.data as { readonly type?: unknown; readonly scripts?: unknown } | null;
  if (message?.type === 'fill') {
    event.waitUntil(fill().then((outcome) => event.ports[0]?.postMessage(outcome)));
  }
  if (message?.type === 'take-over' && Array.isArray(message.scripts)) event.waitUntil(takeOver(message.scripts));
});

/** The first version works at once, for isolation. A later one waits for its files, and for the last page of the one before. */
async function install(): Promise<void> {
  if (sw.registration.active === null) return sw.skipWaiting();
  const { missing, why } = await fill();
  // No room is no reason to stay with the old version; files of a deployment that is under way are.
  if (missing > 0 && why !== 'quota') throw new Error(`${missing} files of the new version could not be fetched.`);
}

async function activate(): Promise<void> {
  await sw.clients.claim();
  const wanted = new Set(FILES.map(keyOf));
  try {
    const cache = await caches.open(CACHE);
    for (const { url } of await cache.keys()) if (!wanted.has(url)) await cache.delete(url);
  } catch {
    // Without storage there is nothing to tidy.
  }
}

/** Replaces the version before once the only page left is one of this version. */
async function takeOver(scripts: readonly unknown[]): Promise<void> {
  if (!scripts.every((one) => typeof one === 'string' && byAddress.has(one))) return;
  const pages = await sw.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (pages.filter(({ url }) => url.startsWith(scope)).length <= 1) await sw.skipWaiting();
}

async function answer(event: Events['fetch']): Promise<Response> {
  const { request } = event;
  const file = byAddress.get(withoutQuery(request.url));
  if (file?.path.startsWith('assets/')) {
    const kept = await keptOf(file);
    if (kept !== undefined) return kept;
  }
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    const kept = await keptOf(file);
    if (kept !== undefined) return kept;
    throw error;
  }
  if (response.status >= 500) return (await keptOf(file)) ?? response;
  if (file !== undefined && response.status === 200) {
    const copy = response.clone();
    event.waitUntil(keptOf(file).then((kept) => kept === undefined && keep(file, copy).catch(() => false)));
  }
  return response;
}

/** Keeps what is missing. A file that is not the one of this version is left out. */
async function fill(): Promise<{ missing: number; why?: 'quota' | 'network' }> {
  let missing = 0;
  for (const file of FILES) {
    if (file.keep !== 'first' || (await keptOf(file)) !== undefined) continue;
    try {
      const isFixed = file.path.startsWith('assets/');
      const response = await fetch(addressOf(file), { cache: isFixed ? 'default' : 'no-cache' });
      if (response.status !== 200 || !(await keep(file, response))) missing++;
    } catch (error) {
      if (isQuota(error)) return { missing: missing + 1, why: 'quota' };
      missing++;
    }
  }
  return missing === 0 ? { missing } : { missing, why: 'network' };
}

/** Whether the response is the listed file, and was kept. Throws what the cache throws, as where there is no room. */
async function keep(file: Listed, response: Response): Promise<boolean> {
  const bytes = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  if (Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') !== file.hash) return false;
  const type = response.headers.get('Content-Type') ?? 'application/octet-stream';
  const cache = await caches.open(CACHE);
  await cache.put(keyOf(file), new Response(bytes, { headers: { 'Content-Type': type } }));
  return true;
}

async function keptOf(file: Listed | undefined): Promise<Response | undefined> {
  if (file === undefined) return undefined;
  try {
    return await (await caches.open(CACHE)).match(keyOf(file));
  } catch {
    return undefined;
  }
}

/** With the headers that isolate a page. A redirect that the browser follows itself must stay what it is. */
function isolated(response: Response): Response {
  if (response.type !== 'basic' && response.type !== 'default') return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

function addressOf({ path }: Listed): string {
  return new URL(path, scope).href;
}

function keyOf(file: Listed): string {
  return `${addressOf(file)}?sha256=${file.hash}`;
}

function withoutQuery(address: string): string {
  const url = new URL(address);
  url.search = url.hash = '';
  return url.href;
}

function isQuota(error: unknown): boolean {
  return error instanceof Error && error.name === 'QuotaExceededError';
}
