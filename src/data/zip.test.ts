import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { filesOfFolder, labelledByFolder } from './folders.ts';
import { filesOfZip } from './zip.ts';

const text = (value: string) => new TextEncoder().encode(value);
const zip = (files: Parameters<typeof zipSync>[0], level: 0 | 6 = 6) =>
  new Blob([zipSync(files, { level }) as Uint8Array<ArrayBuffer>]);
const random = Uint8Array.from({ length: 300_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24);

describe('filesOfZip', () => {
  test.each([0, 6] as const)('gives the files, packed at level %s, and leaves hidden ones out', async (level) => {
    const archive = zip(
      {
        'roses/1.txt': text('a rose'),
        'roses/.DS_Store': text('x'),
        '__MACOSX/roses/1.txt': text('x'),
        'tulips/large.bin': random,
        'tulips/empty.txt': new Uint8Array(0),
      },
      level,
    );
    const files = await filesOfZip(archive);
    expect(files.map(({ path, file }) => [path, file.size])).toEqual([
      ['roses/1.txt', 6],
      ['tulips/large.bin', random.length],
      ['tulips/empty.txt', 0],
    ]);
    expect(await files[0]?.file.text()).toBe('a rose');
    expect(new Uint8Array((await files[1]?.file.arrayBuffer()) as ArrayBuffer)).toEqual(random);
  });

  test.each<[string, () => Blob, object, RegExp]>([
    ['what is none', () => new Blob([text('no archive at all')]), {}, /no ZIP/],
    ['nothing', () => new Blob([]), {}, /no ZIP/],
    ['a file outside', () => zip({ '../a.txt': text('x') }), {}, /outside/],
    ['an absolute path', () => zip({ '/etc/a.txt': text('x') }), {}, /outside/],
    ['more than is allowed', () => zip({ 'a/zeros.bin': new Uint8Array(5e6) }), { mostBytes: 1e6 }, /more than/],
    ['one cut short', () => zip({ 'a/large.bin': random }, 0).slice(0, 150_000), {}, /cut short|invalid|unexpected/i],
  ])('refuses %s', async (_, archive, options, why) => {
    await expect(filesOfZip(archive(), options)).rejects.toMatchObject({
      code: 'file-invalid',
      message: expect.stringMatching(why),
    });
  });

  test('refuses bytes that were changed, or gives other ones', async () => {
    const bytes = new Uint8Array(await zip({ 'a/some.bin': random.subarray(0, 20_000) }).arrayBuffer());
    for (let at = 60; at < bytes.length; at += Math.ceil(bytes.length / 20)) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ 0xff;
      const end = await filesOfZip(new Blob([changed])).then(
        (files) => files.length,
        (error: { code?: string }) => error.code,
      );
      expect([1, 'file-invalid']).toContain(end);
    }
  });

  test('can be cancelled', async () => {
    const signal = AbortSignal.abort();
    await expect(filesOfZip(zip({ 'a/b': random }), { signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('a folder', () => {
  const fileAt = (path: string) =>
    Object.assign(new File(['x'], path.split('/').at(-1) as string), { webkitRelativePath: path });

  test('of an input gives its files without its own name', async () => {
    const files = await filesOfFolder(
      ['top/b/2.png', 'top/a/1.png', 'top/.git/x', 'top/list.csv'].map(fileAt) as File[],
    );
    expect(files.map(({ path }) => path)).toEqual(['a/1.png', 'b/2.png', 'list.csv']);
  });

  interface Tree {
    readonly [name: string]: Tree | string;
  }

  /** What showDirectoryPicker gives, as far as it is used. */
  function folderOf(tree: Tree, name = 'top'): FileSystemDirectoryHandle {
    async function* values() {
      for (const [child, inner] of Object.entries(tree)) {
        if (typeof inner === 'string')
          yield { kind: 'file', name: child, getFile: async () => new File([inner], child) };
        else yield folderOf(inner, child);
      }
    }
    return { kind: 'directory', name, values } as unknown as FileSystemDirectoryHandle;
  }

  test('of a handle gives the files of its folders too', async () => {
    const files = await filesOfFolder(folderOf({ roses: { '2.txt': 'r', deep: { '3.txt': 'd' } }, '.x': 'h', a: 'a' }));
    expect(files.map(({ path }) => path)).toEqual(['a', 'roses/2.txt', 'roses/deep/3.txt']);
    expect(await files[2]?.file.text()).toBe('d');
  });

  test('within itself without end is refused', async () => {
    const loop: Record<string, Tree> = {};
    loop['again'] = loop as Tree;
    await expect(filesOfFolder(folderOf(loop))).rejects.toMatchObject({ code: 'file-invalid' });
  });

  test('names the classes', async () => {
    const files = [
      { path: 'train/tulip/1.png', file: new Blob(['1']) },
      { path: 'train/rose/2.png', file: new Blob(['2']) },
      { path: 'train/tulip/3.png', file: new Blob(['3']) },
      { path: 'list.csv', file: new Blob([]) },
    ];
    const isImage = ({ path }: { path: string }) => path.endsWith('.png');
    const { classes, labels, files: wanted } = labelledByFolder(files, isImage);
    expect([classes, [...labels], wanted.length]).toEqual([['rose', 'tulip'], [1, 0, 1], 3]);
    expect(() => labelledByFolder(files)).toThrow(expect.objectContaining({ code: 'labels-missing' }));
    expect(() => labelledByFolder(files, () => false)).toThrow(expect.objectContaining({ code: 'empty-dataset' }));
  });
});
