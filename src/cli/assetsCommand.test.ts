import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ortAssets } from '../runtime/cases/assetCases.ts';
import { type Files, runLine as run } from './commandCases.ts';

/** Every file that the command may copy, each holding its name. */
function shipped(): Files {
  const folder = fileURLToPath(ortAssets());
  const text = readFileSync(join(import.meta.dirname, 'assetsCommand.ts'), 'utf8');
  const names = [...text.matchAll(/^ {2}'([\w.-]+)',$/gm)].map(([, name = '']) => name);
  return Object.fromEntries(names.map((name) => [join(folder, name), new TextEncoder().encode(name)]));
}

describe('limbeck assets', () => {
  test('copies every file under its name; without a GPU, fewer', async () => {
    const files = shipped();
    const { code, out, error, written } = await run(['assets', '--to', 'public/limbeck/'], files);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(written).toHaveLength(Object.keys(shipped()).length);
    for (const path of written) expect(path).toBe(`public/limbeck/${new TextDecoder().decode(files[path])}`);
    expect(out).toContain(`public/limbeck/, ${written.length} files`);
    const small = await run(['assets', '--to', 'x', '--without-gpu'], shipped());
    expect(written.length - small.written.length).toBe(7);
    expect(small.written.some((path) => /gpu|asyncify/.test(path))).toBe(false);
  });

  test('knows every file that the code fetches', () => {
    const root = join(import.meta.dirname, '..');
    const named = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .flatMap((file) => [
        ...readFileSync(join(root, file), 'utf8').matchAll(/new URL\('\.\/([\w.-]+)', import\.meta\.url\)/g),
      ])
      .map(([, name = '']) => name);
    const copied = Object.keys(shipped()).map((path) => path.split('/').pop());
    expect(named.length).toBeGreaterThan(10);
    for (const name of named) expect(copied).toContain(name);
  });

  test('says what is missing', async () => {
    expect(await run(['assets'])).toMatchObject({ code: 2, error: expect.stringContaining('--to DIR') });
    expect(await run(['assets', '--to', ''])).toMatchObject({ code: 2 });
    expect(await run(['assets', 'public'])).toMatchObject({ code: 2 });
    const gone = await run(['assets', '--to', 'x'], {});
    expect(gone.code).toBe(1);
    expect(gone.written).toEqual([]);
  });
});
