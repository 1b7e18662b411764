import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** A page on which workers start from some addresses only. */
let allowed: (url: string) => boolean = () => true;
const asked: string[] = [];
class PolicedWorker {
  onmessage?: (event: { data: unknown }) => void;
  onerror?: () => void;
  constructor(url: string) {
    asked.push(url.replace(/^blob:.*/, 'blob:'));
    queueMicrotask(() => (allowed(url) ? this.onmessage?.({ data: { thread: 'alive' } }) : this.onerror?.()));
  }
  terminate() {}
}

const fetched = vi.fn(async () => new Response('threads'));
let findThreadScript: typeof import('./threadScript.ts')['findThreadScript'];
beforeEach(async () => {
  vi.resetModules();
  asked.length = 0;
  fetched.mockClear();
  vi.stubGlobal('Worker', PolicedWorker);
  vi.stubGlobal('fetch', fetched);
  ({ findThreadScript } = await import('./threadScript.ts'));
});
afterEach(() => vi.unstubAllGlobals());

const strict = () => new Response('threads', { headers: { 'Content-Security-Policy': "worker-src 'self'" } });

test('threads start from a blob of the served file, and it is tried once', async () => {
  allowed = () => true;
  expect(await findThreadScript('https://here/files')).toMatch(/^blob:/);
  expect(await findThreadScript('https://here/files')).toMatch(/^blob:/);
  expect(asked).toEqual(['blob:']);
  expect(fetched.mock.calls.length).toBe(1);
});

test('or from the file itself, where it comes with a policy that knows no blobs: none is tried', async () => {
  allowed = (url) => url.startsWith('https:');
  fetched.mockResolvedValueOnce(strict());
  expect(await findThreadScript('https://here/')).toBe('https://here/threads.js');
  expect(asked).toEqual(['https://here/threads.js']);
});

test('what does not start the one way starts the other', async () => {
  allowed = (url) => url.startsWith('https:');
  expect(await findThreadScript('https://here/')).toBe('https://here/threads.js');
  allowed = (url) => url.startsWith('blob:');
  fetched.mockResolvedValueOnce(strict());
  expect(await findThreadScript('https://elsewhere/')).toMatch(/^blob:/);
  expect(asked).toEqual(['blob:', 'https://here/threads.js', 'https://elsewhere/threads.js', 'blob:']);
});

test('else not at all, and the next to ask tries again', async () => {
  allowed = () => false;
  expect(await findThreadScript('https://here/')).toBeUndefined();
  allowed = () => true;
  fetched.mockResolvedValueOnce(new Response('', { status: 404 }));
  expect(await findThreadScript('https://here/')).toBeUndefined();
  fetched.mockRejectedValueOnce(new TypeError('offline'));
  expect(await findThreadScript('https://here/')).toBeUndefined();
  expect(await findThreadScript('https://here/')).toMatch(/^blob:/);
});
