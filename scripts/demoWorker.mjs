// Writes the demo's service worker beside the built pages, with the list of the files that it keeps and their hashes.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build } from 'esbuild';

/** What few visitors use, or only part of a page: kept when it is asked for. WebGPU's files alone are half of the bytes. */
const WHEN_USED = /^(data|fonts|models)\/|webgpu|asyncify/;

export async function layDemoWorker(out) {
  const files = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({
      path: relative(out, file).split(sep).join('/'),
      hash: createHash('sha256').update(readFileSync(file)).digest('hex'),
    }))
    .filter(({ path }) => path !== 'sw.js')
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => ({ ...file, keep: WHEN_USED.test(file.path) ? 'used' : 'first' }));
  await build({
    entryPoints: ['demo/offline/sw.ts'],
    outfile: join(out, 'sw.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    define: { FILES: JSON.stringify(files) },
    logLevel: 'error',
  });
}
