import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { startNodeThread } from './nodeThread.ts';

const folder = mkdtempSync(join(tmpdir(), 'limbeck-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, text: string): string {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, `import { parentPort } from 'node:worker_threads';\n${text}`);
  return pathToFileURL(file).href;
}

/** The first event of one of these types. */
const first = (worker: Worker, ...types: string[]) =>
  new Promise<Event & { data?: unknown; message?: string }>((resolve) => {
    for (const type of types) worker.addEventListener(type, resolve as (event: Event) => void, { once: true });
  });

test('a thread of Node is asked and answers as a web worker', async () => {
  const worker = startNodeThread(fileOf('echo', "parentPort.on('message', (x) => parentPort.postMessage(2 * x));"));
  worker.postMessage(21);
  expect((await first(worker, 'message')).data).toBe(42);
  const heard = new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
  });
  worker.postMessage(4);
  expect(await heard).toBe(8);
  worker.terminate();
});

test.each([
  ['throws', "throw new Error('torn');", 'torn'],
  ['ends', 'process.exit(3);', 'its thread ended with exit code 3'],
])('one that %s tells so by its error event', async (name, text, message) => {
  const worker = startNodeThread(fileOf(name, text));
  expect((await first(worker, 'error')).message).toBe(message);
});

test('one that is ended by its owner tells nothing', async () => {
  const worker = startNodeThread(fileOf('quiet', "parentPort.on('message', () => undefined);"));
  const heard: string[] = [];
  worker.addEventListener('error', () => heard.push('error'));
  worker.terminate();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(heard).toEqual([]);
});
