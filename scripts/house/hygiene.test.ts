import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, type Source } from './sources.ts';

// Joined here, so that this file is no offence itself.
const FOLDERS = ['work', 'root', 'home', 'Users'];
const MACHINE_PATH = new RegExp(`(?<![\\w.@-])/(${FOLDERS.join('|')})/[\\w.-]`);
const SECRET = /-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(ghp|gho|npm)_[A-Za-z0-9]{30,}/;

function textOffences(sources: readonly Source[]): string[] {
  return sources.flatMap(({ file, text }) =>
    text.split('\n').flatMap((line, i) => {
      const path = MACHINE_PATH.exec(line)?.[0];
      const offences = path === undefined ? [] : [`${file}:${i + 1} holds a path of one machine: ${path}…`];
      return SECRET.test(line) ? [...offences, `${file}:${i + 1} holds a secret`] : offences;
    }),
  );
}

function lockOffences({ file, text }: Source): string[] {
  const { packages } = JSON.parse(text) as { packages: Record<string, { resolved?: string }> };
  return Object.entries(packages).flatMap(([name, { resolved = '' }]) =>
    /^https?:/.test(resolved) ? [`${file} names a host for ${name}: ${resolved}`] : [],
  );
}

/** Text files of the repository: those that git tracks, and new ones that it would. */
function repositoryTexts(): Source[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  return listed
    .toString()
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(root, file)))
    .map((file) => ({ file, bytes: readFileSync(join(root, file)) }))
    .filter(({ bytes }) => !bytes.subarray(0, 8000).includes(0))
    .map(({ file, bytes }) => ({ file, text: bytes.toString() }));
}

test.skipIf(!existsSync(join(root, '.git')))('no file holds a path of one machine, or a secret', () => {
  const texts = repositoryTexts();
  expect(texts.length).toBeGreaterThan(100);
  expect(textOffences(texts)).toEqual([]);
});

test('package-lock.json names no host', () => {
  const file = 'package-lock.json';
  expect(lockOffences({ file, text: readFileSync(join(root, file), 'utf8') })).toEqual([]);
});

test('offences are named', () => {
  const path = ['', 'home', 'me', 'model.onnx'].join('/');
  const key = `-----BEGIN ${'PRIVATE'} KEY-----`;
  expect(
    textOffences([{ file: 'a.md', text: `one\nsee ${path}\nhttps://a.example${path}\n./src${path}\n${key}` }]),
  ).toEqual(['a.md:2 holds a path of one machine: /ho' + 'me/m…', 'a.md:5 holds a secret']);
  const packages = { '': {}, 'node_modules/a': { resolved: 'https://registry.example/a.tgz' } };
  expect(lockOffences({ file: 'lock', text: JSON.stringify({ packages }) })).toEqual([
    'lock names a host for node_modules/a: https://registry.example/a.tgz',
  ]);
});
