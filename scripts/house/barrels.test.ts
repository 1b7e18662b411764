import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from './sources.ts';

const copy = mkdtempSync(join(tmpdir(), 'limbeck-barrels-'));
afterAll(() => rmSync(copy, { recursive: true }));

function barrels(...args: string[]) {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'scripts/barrels.mjs'), ...args], {
    encoding: 'utf8',
  });
  return { status, said: stdout.trim() };
}

test('every generated list is fresh', () => expect(barrels('--check')).toEqual({ status: 0, said: '' }));

test('a stale barrel is named, and written anew', () => {
  for (const folder of ['src', 'wasm']) cpSync(join(root, folder), join(copy, folder), { recursive: true });
  const all = join(copy, 'src/losses/all.ts');
  const before = readFileSync(all, 'utf8');
  writeFileSync(
    join(copy, 'src/losses/response/another.ts'),
    'export interface AnotherOptions {}\nexport function another(options: object): Loss {}\nexport function anotherLoss(tf: Tf): Scalar {}\n' +
      'export function reviveAnother(a = 1): Loss {}\nfunction hidden(): Loss {}\n',
  );
  const stale = { status: 1, said: 'src/losses/all.ts is stale; run node scripts/barrels.mjs' };
  expect(barrels('--check', copy)).toEqual(stale);
  expect(readFileSync(all, 'utf8')).toBe(before);
  expect(barrels(copy)).toEqual({ status: 0, said: 'src/losses/all.ts was written' });
  const line = "export { type AnotherOptions, another } from './response/another.ts';";
  const lines = readFileSync(all, 'utf8').split('\n');
  expect(lines).toContain(line);
  expect(lines.filter((one) => one !== line).join('\n')).toBe(before);
  expect(barrels('--check', copy)).toEqual({ status: 0, said: '' });
});
