// A student's file is kept as a teacher's is: a download that was stopped goes on, and several tabs load once.
import { createHash } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import { makeLocks } from '../core/locksCases.ts';
import { modelCache } from '../network/cache/modelCache.ts';
import { file, ranged, serverForEach, versioned } from '../network/serverCases.ts';
import { floats, modelOf, node, value } from '../onnx/cases/tinyCases.ts';
import { writeModel } from '../onnx/model.ts';
import { openStore } from '../storage/openStore.ts';
import type { Store } from '../storage/store.ts';
import { toFiles } from '../student/files/files.ts';
import { loadedStudents } from './loadCases.ts';
import { readSource } from './readSource.ts';

const MB = 1024 * 1024;
const server = serverForEach();
let store: Store;
let [model, changed] = [new Uint8Array(), new Uint8Array()];

/** A student of more than two parts. */
function largeStudent(name: string): Uint8Array<ArrayBuffer> {
  const length = (9 * MB) / 4 + 1000;
  const weights = floats('w', [1, length], Array<number>(length).fill(0.5));
  return writeModel(
    modelOf({
      name,
      input: [value('x', ['B', 1])],
      output: [value('logits', ['B', length])],
      initializer: [weights],
      node: [node('MatMul', ['x', 'w'], ['logits'])],
    }),
  );
}

beforeAll(() => {
  [model, changed] = [largeStudent('one'), largeStudent('two')];
});
beforeEach(async () => {
  store = await openStore('students', { kind: 'memory' });
});
afterEach(() => store[Symbol.asyncDispose]());

const textOf = (bytes: Uint8Array | undefined) =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
const integrityOf = (bytes: Uint8Array) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
const ranges = () => server.requests.map(({ headers }) => headers.range);

/** Reads the student at a path, as a visit to the page does; tells what came. */
async function visit(path: string, options: Parameters<typeof readSource>[1] = {}) {
  const notices: string[] = [];
  const notify = (notice: string) => void notices.push(notice);
  const { onnx, artifacts, name } = await readSource(server.url + path, { cache: store, notify, ...options });
  return { onnx: textOf(onnx), artifacts, name, notices };
}

async function stopAfterNineMb() {
  server.on('/a.onnx', ranged(model, '"v1"', 9 * MB));
  const stop = new AbortController();
  const onProgress = (loaded: number) => {
    if (loaded >= 9 * MB) setTimeout(() => stop.abort(), 0);
  };
  await expect(visit('/a.onnx', { signal: stop.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
  server.requests.length = 0;
}

describe('a download that was stopped', () => {
  test('goes on at the next visit', async () => {
    await stopAfterNineMb();
    server.on('/a.onnx', ranged(model, '"v1"'));
    expect(await visit('/a.onnx', { integrity: integrityOf(model) })).toMatchObject({
      onnx: textOf(model),
      name: 'a',
      notices: [],
    });
    expect(ranges()).toEqual([`bytes=${8 * MB}-`]);
    expect(await store.keys('models/parts/')).toEqual([]);
  });

  test('is not joined to another version', async () => {
    await stopAfterNineMb();
    server.on('/a.onnx', ranged(changed, '"v2"'));
    expect((await visit('/a.onnx')).onnx).toBe(textOf(changed));
  });
});

test('two tabs load once', async () => {
  vi.stubGlobal('navigator', { locks: makeLocks().of({}) });
  // Only what other tabs see too is waited for.
  const shared: Store = Object.create(store, { kind: { value: 'opfs' } });
  server.on('/a.onnx', (request, response) => setTimeout(() => ranged(model, '"v1"')(request, response), 100));
  const both = await Promise.all([visit('/a.onnx', { cache: shared }), visit('/a.onnx', { cache: shared })]);
  for (const { onnx } of both) expect(onnx).toBe(textOf(model));
  expect(server.asked).toEqual(['GET /a.onnx']);
});

test('a kept student is checked against the hash that is given, and no server is asked', async () => {
  server.on('/a.onnx', file(model));
  await visit('/a.onnx', { integrity: integrityOf(model) });
  expect((await visit('/a.onnx', { integrity: integrityOf(model) })).onnx).toBe(textOf(model));
  expect(server.asked).toHaveLength(1);
  await expect(visit('/a.onnx', { integrity: integrityOf(changed) })).rejects.toMatchObject({
    code: 'integrity-mismatch',
  });
});

test.each<[string, Partial<Store>]>([
  ['is full', { put: () => Promise.reject(new LimbeckError('store-full', 'There is no room.')) }],
  ['fails', { get: () => Promise.reject(new LimbeckError('store-failed', 'The disk failed.')) }],
])('a store that %s is only slower', async (_, fault) => {
  server.on('/a.onnx', versioned(model, '"v1"'));
  const { onnx, notices } = await visit('/a.onnx', { cache: { ...store, ...fault } });
  expect(onnx).toBe(textOf(model));
  expect(notices).toEqual([expect.stringMatching(/There is no room\.|The disk failed\./)]);
});

test('what is no store is refused by its name', async () => {
  await expect(visit('/a.onnx', { cache: {} as Store })).rejects.toMatchObject({
    code: 'invalid-option',
    details: { name: 'cache' },
  });
  expect(server.asked).toEqual([]);
});

describe('loadStudent', () => {
  const { given, load, expectAnswers } = loadedStudents();

  test('keeps a model.json with its weights, and answers when the server is gone', async () => {
    const files = toFiles(given.tiny.artifacts);
    server.on('/m/model.json', versioned(new TextEncoder().encode(files['model.json']), '"v1"'));
    server.on('/m/weights.bin', versioned(files['weights.bin'], '"v1"'));
    const address = `${server.url}/m/model.json`;
    await expectAnswers(await load(address, { cache: store }));
    const cache = modelCache(store);
    expect(await cache.list()).toMatchObject([{ name: 'model.json', urls: [address] }]);
    await server.close();
    const again = await load(address, { cache });
    await expectAnswers(again);
    expect(again.description.notices).toEqual([
      expect.stringMatching(/^"model.json" is the cached copy of /),
      expect.stringMatching(/^"weights.bin" is the cached copy of /),
    ]);
    for (const { hash } of await cache.list()) await cache.delete(hash);
    expect(await store.keys()).toEqual([]);
  });

  test('tells its progress, and keeps what replaces a student too', async () => {
    server.on('/a.onnx', versioned(given.tiny.onnx(), '"v1"'));
    server.on('/b.limbeck', versioned(given.bundle, '"v1"'));
    const progress: unknown[] = [];
    const onProgress = (...told: unknown[]) => void progress.push(told);
    const student = await load(`${server.url}/a.onnx`, { cache: store, onProgress });
    expect(progress.at(-1)).toEqual([given.tiny.onnx().length, given.tiny.onnx().length]);
    await student.replace(`${server.url}/b.limbeck`, { engine: 'onnxruntime' });
    expect((await modelCache(store).list()).map(({ name }) => name)).toEqual(['b.limbeck', 'a.onnx']);
    await expectAnswers(student);
  });
});
