import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { fetchFile } from './fetchFile.ts';
import { sourceBeside } from './sourceBeside.ts';

const folder = mkdtempSync(join(tmpdir(), 'limbeck-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'a #1.bin');
const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i);
writeFileSync(file, bytes);

test.each([
  ['an absolute path', file],
  ['a relative path', relative(process.cwd(), file)],
  ['an address', pathToFileURL(file)],
  ['the text of an address', pathToFileURL(file).href],
])('a file is read by %s', async (_what, source) => {
  const seen: (number | undefined)[] = [];
  const read = await fetchFile(source, { onProgress: (loaded, total) => void seen.push(loaded, total) });
  expect(Buffer.compare(read, bytes)).toBe(0);
  expect(seen.slice(-2)).toEqual([bytes.length, bytes.length]);
});

test('one that is not there is named, with the folder from which paths count', async () => {
  await expect(fetchFile('no/such.onnx')).rejects.toMatchObject({
    code: 'model-unreachable',
    message: expect.stringMatching(/no\/such\.onnx.*ENOENT.*counts from the working directory/s),
  });
});

test('a folder, and a cancelled read, end as they must', async () => {
  await expect(fetchFile(folder)).rejects.toMatchObject({ code: 'model-unreachable' });
  await expect(fetchFile(file, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});

test('a file beside another may be a link, but not out of its folder', async () => {
  const inside = join(folder, 'model');
  mkdirSync(inside);
  writeFileSync(join(inside, 'model.onnx'), 'm');
  writeFileSync(join(inside, 'weights.bin'), 'w');
  symlinkSync(join(inside, 'weights.bin'), join(inside, 'linked.bin'));
  symlinkSync(file, join(inside, 'secret.bin'));
  const model = join(inside, 'model.onnx');
  for (const name of ['weights.bin', 'linked.bin']) {
    expect(new TextDecoder().decode(await fetchFile(sourceBeside(name, model)))).toBe('w');
  }
  expect(() => sourceBeside('secret.bin', model)).toThrow(expect.objectContaining({ code: 'model-unreachable' }));
  expect(() => sourceBeside('../a #1.bin', model)).toThrow(expect.objectContaining({ code: 'model-unreachable' }));
});
