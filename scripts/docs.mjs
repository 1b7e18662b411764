// The documentation site: reference pages from the docstrings (typedoc), then the site (VitePress), into out/docs/. It works
// from any path and without a network. Usage: npm run docs [-- --check | --serve]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relocate } from '../docs/relocate.mjs';
import { checkDocs } from './docsCheck.mjs';
import { root } from './ensure.mjs';
import { serve } from './serve.mjs';

const docs = `${root}docs/`;

function run(program, args, what) {
  const { status } = spawnSync(program, args, { cwd: docs, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${what} failed with status ${status}.`);
}

/** The site's own packages, which the product does not need; installed where they are missing or others than the lock says. */
function ensureDocsPackages() {
  const lock = readFileSync(`${docs}package-lock.json`, 'utf8');
  const stamp = `${docs}node_modules/.installed-from`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], 'Installing the packages of the documentation');
  writeFileSync(stamp, lock);
}

export function buildDocs() {
  ensureDocsPackages();
  rmSync(`${docs}reference/api`, { recursive: true, force: true });
  run('node_modules/.bin/typedoc', ['--logLevel', 'Error'], 'Writing the reference');
  run('node_modules/.bin/vitepress', ['build'], 'Building the site');
  relocate(`${root}out/docs`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  buildDocs();
  console.log('The documentation is in out/docs/.');
  if (process.argv.includes('--check')) await checkDocs();
  if (process.argv.includes('--serve')) {
    const server = await serve('out/docs');
    console.log(`${server.url}/ — Ctrl-C ends it.`);
  }
}
