// Real servers: two ports are two origins.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { file, serverForEach } from '../network/serverCases.ts';
import { toFiles } from '../student/files/files.ts';
import { loadedStudents } from './loadCases.ts';
import type { LoadStudentOptions } from './loadStudentOptions.ts';
import type { PredictSource } from './readSource.ts';

const [home, other] = [serverForEach(), serverForEach()];
const { given, load, expectAnswers } = loadedStudents();

const sha384 = (bytes: Uint8Array) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`;

/** The student's two files; its weights stand under a path. */
function filesOf(path = 'weights.bin') {
  const { 'model.json': json, 'weights.bin': weights } = toFiles(given.tiny.artifacts);
  const model = JSON.parse(json) as { weightsManifest: [{ paths: string[] }] };
  model.weightsManifest[0].paths = [path];
  return { json: new TextEncoder().encode(JSON.stringify(model)), weights };
}

describe('a model.json that names', () => {
  test.each<[string, (name: string) => string]>([
    ['another server', (name) => `${other.url}/${name}`],
    ['another server, by two slashes', (name) => `//${new URL(other.url).host}/${name}`],
    ['another server, by backslashes', (name) => `\\\\${new URL(other.url).host}\\${name}`],
    ['a folder above', (name) => `../${name}`],
    ['the top folder', (name) => `/${name}`],
    ['bytes of its own', () => 'data:,x'],
  ])('%s makes nobody ask there', async (_, place) => {
    home.on('/m/model.json?sig=1', file(filesOf(place('w.bin')).json));
    const headers = { authorization: 'Bearer secret', 'x-api-key': 'secret' };
    await expect(load(new Request(`${home.url}/m/model.json?sig=1`, { headers }))).rejects.toMatchObject({
      code: 'student-invalid',
      message: expect.stringMatching(/must be the path of a file in its folder/),
    });
    expect(home.asked).toEqual(['GET /m/model.json?sig=1']);
    expect(other.asked).toEqual([]);
  });

  test('a file beside it is read with signature, headers and credentials', async () => {
    const { json, weights } = filesOf('./sub/w 1.bin');
    home.on('/m/model.json?sig=1', file(json));
    home.on('/m/sub/w%201.bin?sig=1', file(weights));
    const headers = { authorization: 'Bearer secret', 'x-api-key': 'secret' };
    await expectAnswers(await load(new Request(`${home.url}/m/model.json?sig=1`, { headers }), { engine: 'tfjs' }));
    expect(home.requests).toHaveLength(2);
    for (const request of home.requests) expect(request.headers).toMatchObject(headers);
  });
});

test('a model.json that lies in no folder is refused with a code', async () => {
  const address = URL.createObjectURL(new Blob([filesOf().json as BlobPart]));
  await expect(load(address)).rejects.toMatchObject({ code: 'model-unreachable', details: { path: 'weights.bin' } });
  URL.revokeObjectURL(address);
});

test('a page that came instead of the file is told by what the server calls it', async () => {
  home.on('/m/x.limbeck', file(new TextEncoder().encode('<html>'), { 'content-type': 'text/html' }));
  await expect(load(`${home.url}/m/x.limbeck`)).rejects.toMatchObject({
    code: 'model-unreachable',
    message: expect.stringMatching(/web page/),
  });
});

test.each<[string, string, number, object]>([
  ['fewer bytes than were announced', 'student.onnx', 1, { code: 'model-unreachable' }],
  ['more than there is room for', 'student.onnx', 2 ** 50, { code: 'out-of-memory' }],
  ['weights of fewer bytes', 'model.json', 1, { code: 'model-unreachable' }],
])('%s are refused', async (_, name, more, error) => {
  const { json, weights } = filesOf();
  const answer = (bytes: Uint8Array, length: number) =>
    new Response(bytes as BodyInit, { headers: { 'content-length': `${length}` } });
  vi.stubGlobal('fetch', async (url: string) =>
    url.endsWith('.json') ? answer(json, json.length) : answer(weights, weights.length + more),
  );
  await expect(load(`https://a.example/m/${name}`)).rejects.toMatchObject(error);
});

describe('integrity', () => {
  let sources: Record<'bundle' | 'onnx', { bytes: Uint8Array; file: string }>;
  beforeEach(() => {
    sources = {
      bundle: { bytes: given.bundle, file: 'a.limbeck' },
      onnx: { bytes: given.tiny.onnx(), file: 'a.onnx' },
    };
  });

  test.each(['bundle', 'onnx'] as const)('of a %s is met, or nothing is opened', async (kind) => {
    const { bytes, file: name } = sources[kind];
    home.on(`/${name}`, file(bytes));
    const address = `${home.url}/${name}`;
    const good: LoadStudentOptions = { engine: 'onnxruntime', integrity: sha384(bytes) };
    for (const source of [address, bytes, new Blob([bytes as BlobPart])]) await expectAnswers(await load(source, good));
    await expectAnswers(await load(address, { ...good, integrity: { [name]: sha384(bytes) } }));
    await expectAnswers(
      await load(new File([bytes as BlobPart], name), { ...good, integrity: { [name]: sha384(bytes) } }),
    );
    const refused = async (source: PredictSource, integrity: LoadStudentOptions['integrity']) =>
      load(source, { integrity }).then(
        () => 'taken',
        ({ code }: { code: string }) => code,
      );
    const changed = bytes.map((byte, i) => (i === bytes.length - 40 ? byte ^ 1 : byte));
    home.on(`/${name}`, file(changed));
    expect(await refused(address, sha384(bytes))).toBe('integrity-mismatch');
    expect(await refused(changed, sha384(bytes))).toBe('integrity-mismatch');
    expect(await refused(bytes, { [name]: sha384(bytes) })).toBe('invalid-option');
    expect(await refused(bytes, { student: sha384(bytes), 'w.bin': sha384(bytes) })).toBe('invalid-option');
    expect(await refused(bytes, 'md5-x')).toBe('invalid-option');
    const [request] = [new Request(address, { integrity: sha384(bytes) })];
    expect(await refused(request, undefined)).toMatch(/integrity-mismatch|model-unreachable/);
  });

  test('of a tfjs model is for all its files, from an address, by name, or picked', async () => {
    const { json, weights } = filesOf();
    home.on('/m/model.json', file(json));
    home.on('/m/weights.bin', file(weights));
    const address = `${home.url}/m/model.json`;
    const named = (bytes: Uint8Array) => ({ 'model.json': json, 'weights.bin': bytes });
    const picked = (bytes: Uint8Array) =>
      Object.entries(named(bytes)).map(([name, content]) => new File([content as BlobPart], name));
    const good = { 'model.json': sha384(json), 'weights.bin': sha384(weights) };
    for (const source of [address, named(weights), picked(weights)]) {
      await expectAnswers(await load(source, { integrity: good }));
      await expect(load(source, { integrity: sha384(json) })).rejects.toMatchObject({
        code: 'invalid-option',
        details: { missing: ['weights.bin'] },
      });
    }
    home.asked.length = 0;
    await expect(load(address, { integrity: sha384(json) })).rejects.toMatchObject({ code: 'invalid-option' });
    expect(home.asked).toEqual(['GET /m/model.json']);
    const swapped = weights.map((byte) => byte ^ 1);
    home.on('/m/weights.bin', file(swapped));
    for (const source of [address, named(swapped), picked(swapped)]) {
      await expect(load(source, { integrity: good })).rejects.toMatchObject({
        code: 'integrity-mismatch',
        details: { name: 'weights.bin' },
      });
    }
  });

  test('names files by their paths, or by the last part of these, wherever they come from', async () => {
    const { json, weights } = filesOf('sub/w.bin');
    home.on('/m/m.json', file(json));
    home.on('/m/sub/w.bin', file(weights));
    const picked = [new File([json], 'm.json'), new File([weights as BlobPart], 'w.bin')];
    for (const path of ['sub/w.bin', 'w.bin']) {
      const of = (main: string) => ({ [main]: sha384(json), [path]: sha384(weights) });
      for (const source of [`${home.url}/m/m.json`, picked])
        await expectAnswers(await load(source, { integrity: of('m.json') }));
      const named = { 'model.json': json, 'w.bin': weights };
      await expectAnswers(await load(named, { integrity: of('model.json') }));
      await expectAnswers(await load({ 'model.json': json, 'sub/w.bin': weights }, { integrity: of('model.json') }));
    }
  });

  test('two files of weights of one name are not one file', async () => {
    const { json, weights } = filesOf();
    const model = JSON.parse(new TextDecoder().decode(json)) as { weightsManifest: [{ paths: string[] }] };
    model.weightsManifest[0].paths = ['a/w.bin', 'b/w.bin'];
    const half = weights.slice(0, weights.length / 2);
    await expect(load({ 'model.json': JSON.stringify(model), 'w.bin': half })).rejects.toMatchObject({
      code: 'student-invalid',
      message: expect.stringContaining('its weights "a/w.bin" are not among the files'),
    });
    const [a, b] = [half, weights.slice(half.length)];
    await expectAnswers(await load({ 'model.json': JSON.stringify(model), 'b/w.bin': b, 'a/w.bin': a }));
  });

  test('is not for a student in memory', async () => {
    await expect(load(given.tiny.artifacts, { integrity: sha384(given.bundle) })).rejects.toMatchObject({
      code: 'invalid-option',
    });
  });
});
