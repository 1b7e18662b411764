// How many bytes a page loads for what it imports, as bundlers leave it: minified, gzipped, without tfjs and onnxruntime-web
// unless the name says so. Fails where something is larger than its limit, or where a bundler has dropped what a page needs,
// which is what package.json's "sideEffects" is for:  node scripts/size.mjs
//   --json FILE   entries: what is loaded at once, and later; assets: the files that a bundler lays beside the page
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build, transform } from 'esbuild';
import { rollup } from 'rollup';
import { ensureBuilt, root } from './ensure.mjs';
import { bytes } from './figures.mjs';

/** Made where an engine has no symbols of disposal; every entry brings it, and nothing else refers to it. */
const DISPOSAL = 'Symbol("Symbol.asyncDispose")';

/**
 * What a page imports, and the most that it may load for it, in bytes. `beside`: files that are loaded with it; `keeps`: what
 * must be in it.
 * @type {{ name: string, page: string, beside?: string[], keeps?: string, limit: number }[]}
 */
const PAGES = [
  { name: 'distill', page: "export { distill } from 'limbeck';", limit: 20_000 },
  { name: 'loadTeacher, distill', page: "export { loadTeacher, distill } from 'limbeck';", limit: 35_000 },
  { name: 'personalize', page: "export { personalize } from 'limbeck';", limit: 15_000 },
  { name: 'cnn', page: "export { cnn } from 'limbeck';", limit: 2000 },
  { name: 'limbeck/run', page: "export { loadStudent } from 'limbeck/run';", limit: 15_000 },
  {
    name: 'limbeck/run, with runWorker.js',
    page: "export { loadStudent } from 'limbeck/run';",
    beside: ['runWorker.js'],
    limit: 26_000,
  },
  { name: 'limbeck/tfjs', page: "export * from 'limbeck/tfjs';", limit: 60_000 },
  { name: 'limbeck/federate', page: "export { federate, fedAvg, loopback } from 'limbeck/federate';", limit: 16_000 },
  { name: 'limbeck/webgpu', page: "import 'limbeck/webgpu';", keeps: 'ort.webgpu.min.mjs', limit: 1000 },
];

/** Files of dist/ as they are shipped, with what they hold of tfjs and onnxruntime-web. */
const FILES = [
  { name: 'runWorker.js', file: 'runWorker.js', limit: 11_000 },
  { name: 'worker.js, with tfjs and onnxruntime-web', file: 'worker.js', limit: 460_000 },
];

/** The worker's own part: a limbeck worker in a page that has tfjs and onnxruntime-web anyway. */
const WORKER = {
  name: 'worker.js, without tfjs and onnxruntime-web',
  page: "export { exposeWorker } from 'limbeck/expose';",
  limit: 176_000,
};

/**
 * The files that a bundler lays beside a page that imports this, whether or not they are ever fetched. Vite and Parcel lay what any
 * module of the entry names, used or not, so an entry decides, and not what is taken of it.
 */
const ASSETS = [
  { name: 'limbeck', entries: ['index.js'], limit: 18.5e6 },
  { name: 'limbeck, limbeck/webgpu', entries: ['index.js', 'webgpu.js'], limit: 46e6 },
  { name: 'limbeck/run', entries: ['run.js'], limit: 18.5e6 },
  { name: 'limbeck/students', entries: ['students.js'], limit: 0 },
  { name: 'limbeck/federate', entries: ['federate.js'], limit: 18.5e6 },
];

const dist = join(root, 'dist');
const isPeer = (id) => /^(@tensorflow\/|onnxruntime-web|node:)/.test(id);
const PAGE = 'a-page';
const zipped = (code) => gzipSync(code).length;

/** As Vite builds a page. */
async function withRollup(page) {
  const source = {
    name: 'source',
    resolveId: (id) => (id === PAGE ? join(root, 'scripts', `${PAGE}.js`) : null),
    load: (id) => (id.endsWith(`${PAGE}.js`) ? { code: page, moduleSideEffects: true } : null),
  };
  const built = await rollup({ input: PAGE, external: isPeer, plugins: [source, nodeResolve({ browser: true })] });
  const { output } = await built.generate({ format: 'es', hoistTransitiveImports: false });
  await built.close();
  const chunks = output.map(async ({ fileName, code, imports, isEntry }) => {
    const { code: minified } = await transform(code, { minify: true, format: 'esm', target: 'es2022' });
    return { name: fileName, code: minified, imports, isEntry };
  });
  return sumOf(await Promise.all(chunks));
}

/**
 * As esbuild builds one. It takes every `import()` of the package for used, and what such a part shares with the page for needed
 * at once: more is loaded than the page runs, so this is told and has no limit.
 */
async function withEsbuild(page) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: page, resolveDir: join(root, 'scripts') },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    outdir: root,
    absWorkingDir: root,
    write: false,
    metafile: true,
    logLevel: 'error',
    tsconfigRaw: '{}',
    plugins: [
      {
        name: 'peers',
        setup: (to) =>
          to.onResolve({ filter: /^[@\w]/ }, ({ path }) => (isPeer(path) ? { path, external: true } : null)),
      },
    ],
  });
  return sumOf(
    outputFiles.map(({ path, text }) => {
      const name = path.slice(root.length);
      const { imports, entryPoint } = metafile.outputs[name];
      const first = imports.flatMap((one) => (one.kind === 'import-statement' ? [one.path] : []));
      return { name, code: text, imports: first, isEntry: entryPoint === '<stdin>' };
    }),
  );
}

/** What is loaded with the entry, and what is only fetched when it is needed. */
function sumOf(chunks) {
  const byName = new Map(chunks.map((chunk) => [chunk.name, chunk]));
  const first = new Set();
  const load = (name) => {
    if (first.has(name) || !byName.has(name)) return;
    first.add(name);
    byName.get(name).imports.forEach(load);
  };
  load(chunks.find(({ isEntry }) => isEntry).name);
  const isFirst = ({ name }) => first.has(name);
  const [now, later] = [chunks.filter(isFirst), chunks.filter((one) => !isFirst(one))];
  const sum = (some) => some.reduce((total, { code }) => total + zipped(code), 0);
  return { code: now.map(({ code }) => code).join(''), gzipBytes: sum(now), laterGzipBytes: sum(later) };
}

const bundles = new Map();

/** A page as both bundlers leave it; pages of several rows are built once. */
function bundlesOf(page) {
  bundles.set(page, bundles.get(page) ?? Promise.all([withRollup(page), withEsbuild(page)]));
  return bundles.get(page);
}

/** Throws Error where a bundler drops what must stay. */
async function sizeOf({ name, page, beside = [], keeps = DISPOSAL, limit }) {
  const [ofRollup, ofEsbuild] = await bundlesOf(page);
  for (const [bundler, { code }] of Object.entries({ Rollup: ofRollup, esbuild: ofEsbuild })) {
    if (!code.includes(keeps)) throw new Error(`${bundler} drops ${keeps} from a page with ${page}`);
  }
  const more = beside.reduce((sum, file) => sum + zipped(readFileSync(join(dist, file))), 0);
  return {
    name,
    gzipBytes: ofRollup.gzipBytes + more,
    esbuildGzipBytes: ofEsbuild.gzipBytes + more,
    laterGzipBytes: ofRollup.laterGzipBytes,
    limit,
  };
}

/** The files of dist/ that an entry names by `new URL('./file', import.meta.url)`, and those that they name. */
function assetsOf(entries) {
  const seen = new Set();
  const assets = new Set();
  const read = (file) => {
    if (seen.has(file) || !/\.m?js$/.test(file)) return;
    seen.add(file);
    const code = readFileSync(join(dist, file), 'utf8');
    for (const [, name] of code.matchAll(/new URL\(\s*["']\.\/([^"']+)["'],\s*import\.meta\.url\s*\)/g)) {
      assets.add(name);
      read(name);
    }
    for (const [, name] of code.matchAll(/(?:from|import)\s*\(?\s*["']\.\/([^"']+)["']/g)) read(name);
  };
  for (const entry of entries) read(entry);
  return [...assets].reduce((sum, file) => sum + statSync(join(dist, file)).size, 0);
}

function print(rows) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const cell = (value) => (value === undefined ? '' : bytes(value)).padStart(9);
  console.log(`${''.padEnd(width)}      gzip    limit   esbuild    later`);
  for (const { name, gzipBytes, limit, esbuildGzipBytes, laterGzipBytes } of rows) {
    console.log(`${name.padEnd(width)} ${[gzipBytes, limit, esbuildGzipBytes, laterGzipBytes].map(cell).join('')}`);
  }
}

async function main() {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  ensureBuilt();
  const entries = [];
  for (const one of [...PAGES, WORKER]) entries.push(await sizeOf(one));
  for (const { name, file, limit } of FILES) {
    entries.push({ name, gzipBytes: zipped(readFileSync(join(dist, file))), limit });
  }
  const assets = ASSETS.map(({ name, entries: from, limit }) => ({ name, bytes: assetsOf(from), limit }));
  print(entries);
  console.log('\nFiles that a bundler lays beside the page');
  for (const { name, bytes: size, limit } of assets) console.log(`${name}: ${bytes(size)}, limit ${bytes(limit)}`);
  if (values.json) {
    mkdirSync(dirname(values.json), { recursive: true });
    writeFileSync(values.json, `${JSON.stringify({ entries, assets }, null, 2)}\n`);
  }
  const over = [...entries, ...assets].filter(({ gzipBytes, bytes: size = gzipBytes, limit }) => size > limit);
  for (const { name } of over) console.log(`${name} is over its limit.`);
  process.exitCode = over.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
