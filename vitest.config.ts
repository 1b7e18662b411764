import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const tfjs = ['core', 'backend-cpu', 'backend-wasm', 'layers', 'converter'].map((part) => `@tensorflow/tfjs-${part}`);

/** Files that replace our modules, or need a process in which no other file has left anything. */
const alone = [
  'src/export/bundleWithoutTfjs.test.ts',
  'scripts/canary/canary.test.ts',
  'scripts/demoForms.test.ts',
  'src/adapt/profile/learnerTurn.test.ts',
  'src/bench/benchmark.test.ts',
  'src/cli/benchCommand.test.ts',
  'src/core/{hash,trustedScripts}.test.ts',
  'src/distill/onThisThread.test.ts',
  'src/{network,predict,workers}/*.test.ts',
  'src/runtime/{capabilities,ort,threadScript}.test.ts',
  'src/teacher/kernels/*.test.ts',
  'src/teacher/session/session.test.ts',
  'src/train/{engine,engineAside,lostThread,pageTrainer,sharedCores}.test.ts',
  'wasm/**/*.test.ts',
];

export default defineConfig({
  // Two copies of tfjs-core would not see each other's tensors, so all of tfjs goes through one resolver (tests run in
  // vite's "ssr" environment, which has its own). Bundled once, its 900 files load in a tenth of a second, not in ten.
  ssr: { resolve: { mainFields: ['module', 'main'] } },
  // Pages import the package; their tests, its sources.
  resolve: { alias: [{ find: /^limbeck$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) }] },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          // Loading modules takes longer than most tests, so files share them.
          isolate: false,
          setupFiles: 'scripts/unit/beginOnCpu.ts',
          include: ['{src,scripts,experiments}/**/*.test.ts'],
          exclude: alone,
        },
      },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
    deps: {
      optimizer: {
        ssr: {
          enabled: true,
          include: [...tfjs, '@tensorflow/tfjs-core/dist/register_all_gradients.js'],
          // tfjs-wasm asks Node for its folder, which a bundle has not; where its files lie is set by who opens it.
          esbuildOptions: { define: { __dirname: '"."' } },
        },
      },
    },
    server: { deps: { inline: [/@tensorflow\//] } },
    // A project that names its own has this one no more.
    setupFiles: 'scripts/unit/begin.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One core fewer, as it would be by itself, leaves a machine of two with one file at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    execArgv: ['--experimental-wasm-relaxed-simd'],
  },
});
