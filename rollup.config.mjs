import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import esbuild from 'rollup-plugin-esbuild';
import { publicTfjs } from './scripts/publicTfjs.mjs';
import { pureStatements } from './scripts/pureStatements.mjs';
import { SHARED_HEAP, UNSHARED_HEAP, withSharedHeap } from './scripts/sharedHeap.mjs';
import { thirdParty } from './scripts/thirdParty.mjs';
import { threadsFile } from './scripts/threadsFile.mjs';
import { withoutNode } from './scripts/withoutNode.mjs';

const require = createRequire(import.meta.url);
const tfjsWasm = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
const ort = dirname(require.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));

/** Files that are fetched at run time and lie beside the code. The kernels come from wasm/build.mjs. */
const assets = [
  join(tfjsWasm, 'tfjs-backend-wasm.wasm'),
  join(tfjsWasm, UNSHARED_HEAP),
  join(tfjsWasm, 'tfjs-backend-wasm-threaded-simd.wasm'),
  join(ort, 'ort-wasm-simd-threaded.wasm'),
  join(ort, 'ort-wasm-simd-threaded.mjs'),
  join(ort, 'ort.wasm.min.mjs'),
  join(ort, 'ort.webgpu.min.mjs'),
  join(ort, 'ort-wasm-simd-threaded.asyncify.wasm'),
  join(ort, 'ort-wasm-simd-threaded.asyncify.mjs'),
];

/** Scripts name source maps that no package needs, and browsers ask for them. */
async function copyAsset(file, dir) {
  const to = join(dir, basename(file));
  if (!file.endsWith('.mjs')) return copyFile(file, to);
  const script = await readFile(file, 'utf8');
  return writeFile(to, script.replace(/^\/\/# sourceMappingURL=.*\n?/m, ''));
}

function copyAssets() {
  return {
    name: 'copy-assets',
    async writeBundle({ dir }) {
      await mkdir(dir, { recursive: true });
      await Promise.all(assets.map((file) => copyAsset(file, dir)));
      await writeFile(join(dir, SHARED_HEAP), withSharedHeap(await readFile(join(tfjsWasm, UNSHARED_HEAP))));
      await writeFile(join(dir, 'threads.js'), await threadsFile());
    },
  };
}

/**
 * tfjs's threaded build is started by benchmarks that compare with it and by nothing else, so no worker carries it: what
 * `tfjs-backend-wasm-threaded.js` holds is put in its place when it is asked for (`threadedTfjs.ts`).
 */
function withoutThreadedBuild() {
  const stub = '\0no-threaded-build';
  const code = `const build = () => globalThis[Symbol.for('limbeck.threaded-tfjs')];
const start = (config) => build().start(config);
start.toString = () => build().start.toString();
export default start;
export const wasmWorkerContents = { replace: (...given) => build().script.replace(...given) };`;
  return {
    name: 'without-threaded-build',
    resolveId: (id) => (/wasm-out\/tfjs-backend-wasm-threaded-simd(\.worker)?\.js$/.test(id) ? stub : null),
    load: (id) => (id === stub ? code : null),
  };
}

/**
 * Pages and workers fetch onnxruntime-web as a file beside them, so that they are small by themselves, and bundlers take it as it is:
 * its address is an expression that they cannot follow, and its own copy of the WebAssembly would come along.
 */
function ortAsAsset() {
  const file = './ort.wasm.min.mjs';
  return {
    name: 'ort-as-asset',
    resolveDynamicImport: (specifier) => (specifier === 'onnxruntime-web/wasm' ? { id: file, external: true } : null),
    renderDynamicImport: ({ targetModuleId }) =>
      targetModuleId === file
        ? {
            left: 'import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ new URL(',
            right: ', import.meta.url).href)',
          }
        : null,
  };
}

/** onnxruntime-web's build for Node, whose threads start from its script as it lies. */
function ortForNode() {
  const resolved = require.resolve('onnxruntime-web');
  return { name: 'ort-for-node', resolveId: (id) => (id === 'onnxruntime-web/wasm' ? resolved : null) };
}

/**
 * Minifying drops the comments by which bundlers leave an import alone whose address is known only at run time. A worker that
 * exports nothing says that it is a module.
 */
function leftAlone() {
  const left = 'import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ ';
  return {
    name: 'left-alone',
    renderChunk: (code, { isEntry, exports }) => ({
      code: `${code.replace(/(?<![\w$.])import\((?![\s"'`/])/g, left)}${isEntry && exports.length === 0 ? 'export {};\n' : ''}`,
      map: null,
    }),
  };
}

const plugins = (minify) => [
  withoutNode(),
  withoutThreadedBuild(),
  nodeResolve({ browser: true, exportConditions: ['onnxruntime-web-use-extern-wasm', 'browser', 'import', 'default'] }),
  commonjs(),
  esbuild({ target: 'es2022', minify }),
  leftAlone(),
];

// The kernels hold what AssemblyScript's own library compiles to.
const licences = thirdParty([...assets, require.resolve('assemblyscript/package.json')]);

/** Peers by their public entries; what lies deeper in tfjs is bundled (`publicTfjs`). */
const isPeer = (id) => /^(@tensorflow\/(?!tfjs-converter)[\w-]+$|onnxruntime-web)/.test(id);
const onwarn = (warning, warn) => {
  // tfjs and seedrandom are written so; nothing here can change it.
  const known = ['CIRCULAR_DEPENDENCY', 'THIS_IS_UNDEFINED', 'EVAL'];
  if (known.includes(warning.code) && /node_modules/.test(warning.id ?? warning.ids?.[0] ?? '')) return;
  warn(warning);
};

/** The small pages of `limbeck demo` and `limbeck bench`: as they stand, but for their scripts. */
function copyPage() {
  const files = ['index.html', 'bench.html', 'page.css'];
  return {
    name: 'copy-page',
    async writeBundle({ dir }) {
      await Promise.all(files.map((file) => copyFile(join('demo/packed', file), join(dir, file))));
    },
  };
}

/** What CommonJS code finds around it, for the command, which runs in Node. */
const COMMON_JS = `import { createRequire as requireFrom } from 'node:module';
const require = requireFrom(import.meta.url);
const __filename = require('node:url').fileURLToPath(import.meta.url);
const __dirname = require('node:path').dirname(__filename);`;

/**
 * A file of its own for what package.json's "sideEffects" names, and for each verb with what it needs at once: bundlers take
 * files apart by what is used, but not for what is used later.
 */
const APART = {
  dispose: 'src/core/dispose.ts',
  tf: 'src/runtime/tf.ts',
  distill: 'src/distill/distill.ts',
  loadTeacher: 'src/teacher/onnx.ts',
  personalize: 'src/adapt/personalize.ts',
  zoo: 'src/student/zoo/all.ts',
  losses: 'src/losses/all.ts',
  loadStudent: 'src/predict/loadStudent.ts',
  federation: 'src/federate/federate.ts',
  strategies: 'src/federate/strategies/all.ts',
  loopback: 'src/federate/transports/loopback.ts',
};

/** Entries that import core/dispose.ts. */
const BRINGS_DISPOSAL = ['src/index.ts', 'src/exposeWorker.ts', 'src/tfjs.ts', 'src/run.ts', 'src/federate.ts'];

function apart() {
  return {
    name: 'apart',
    buildStart() {
      for (const [name, id] of Object.entries(APART)) {
        this.emitFile({ type: 'chunk', name, fileName: `${name}.js`, id, preserveSignature: 'allow-extension' });
      }
    },
    // Rollup leaves out an import for its effects where an entry only exports what others hold.
    renderChunk: (code, { isEntry, facadeModuleId }) =>
      isEntry && BRINGS_DISPOSAL.some((file) => facadeModuleId?.endsWith(file))
        ? { code: `import './dispose.js';\n${code}`, map: null }
        : null,
  };
}

export default [
  {
    input: {
      index: 'src/index.ts',
      expose: 'src/exposeWorker.ts',
      tfjs: 'src/tfjs.ts',
      run: 'src/run.ts',
      students: 'src/students.ts',
      webgpu: 'src/webgpu.ts',
      federate: 'src/federate.ts',
    },
    output: { dir: 'dist', format: 'es', chunkFileNames: '[name].js', hoistTransitiveImports: false },
    external: (id) => isPeer(id) || id.startsWith('node:'),
    plugins: [apart(), ortAsAsset(), publicTfjs(), ...plugins(false), pureStatements(), copyAssets(), licences()],
    onwarn,
  },
  {
    // tfjs's WebGPU backend, loaded only where a student trains on a GPU. A function of the tfjs-core that is already
    // there, because a second copy would be another tfjs.
    input: { 'tfjs-backend-webgpu': 'src/runtime/backends/webgpuModule.ts' },
    output: {
      dir: 'dist',
      format: 'iife',
      name: 'backend',
      globals: { '@tensorflow/tfjs-core': 'tf' },
      banner: 'export function load(tf) {',
      footer: 'return backend;\n}',
    },
    external: ['@tensorflow/tfjs-core'],
    plugins: [...plugins(true), licences()],
    onwarn,
  },
  {
    // tfjs's WebGL backend in the same form, which only benchmarks load.
    input: { 'tfjs-backend-webgl': 'src/runtime/backends/webglModule.ts' },
    output: {
      dir: 'dist',
      format: 'iife',
      globals: { '@tensorflow/tfjs-core': 'tf' },
      banner: 'export function load(tf) {',
      footer: '}',
    },
    external: ['@tensorflow/tfjs-core'],
    plugins: plugins(true),
    onwarn,
  },
  {
    // tfjs's threaded build, which only benchmarks load. Its threads start from its text, so it stays as it is.
    input: { 'tfjs-backend-wasm-threaded': 'src/runtime/backends/threadedModule.ts' },
    output: { dir: 'dist', format: 'es' },
    plugins: [withoutNode(), nodeResolve({ browser: true }), commonjs(), esbuild({ target: 'es2022' })],
    onwarn,
  },
  {
    input: { worker: 'src/worker.ts' },
    output: { dir: 'dist', format: 'es', inlineDynamicImports: true },
    external: (id) => id.startsWith('node:'),
    plugins: [ortAsAsset(), ...plugins(true), licences()],
    onwarn,
  },
  {
    input: { runWorker: 'src/runWorker.ts' },
    output: { dir: 'dist', format: 'es', inlineDynamicImports: true },
    external: (id) => id.startsWith('node:'),
    plugins: [ortAsAsset(), ...plugins(true), licences()],
    onwarn,
  },
  {
    // Beside the package, which it imports by its address.
    input: { page: 'demo/packed/page.ts', bench: 'demo/packed/bench.ts' },
    output: { dir: 'dist/page', format: 'es', paths: { limbeck: '../index.js' } },
    external: ['limbeck'],
    plugins: [esbuild({ target: 'es2022' }), copyPage()],
    onwarn,
  },
  {
    // Its parts lie beside the wasm files, which they look for beside themselves. tfjs's builds for Node are CommonJS.
    // The worker of Node carries tfjs, as the browser's does, and shares it with the command.
    input: { cli: 'src/cli/limbeck.ts', nodeWorker: 'src/nodeWorker.ts' },
    output: {
      dir: 'dist',
      format: 'es',
      chunkFileNames: 'node-[name].js',
      hoistTransitiveImports: false,
      banner: ({ name }) => `${name === 'cli' ? '#!/usr/bin/env node\n' : ''}${COMMON_JS}`,
    },
    external: (id) => id.startsWith('node:') || builtinModules.includes(id) || id === 'node-fetch',
    plugins: [
      ortForNode(),
      nodeResolve({
        browser: false,
        preferBuiltins: true,
        exportConditions: ['onnxruntime-web-use-extern-wasm', 'import', 'default'],
      }),
      commonjs(),
      esbuild({ target: 'es2022' }),
      licences(),
    ],
    onwarn,
  },
];
