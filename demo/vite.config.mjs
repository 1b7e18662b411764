import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

// The demo is built as a user of the package would build a page: from the built package, by a bundler, minified.
export default defineConfig({
  root: at('.'),
  base: './',
  resolve: {
    alias: {
      'limbeck/webgpu': at('../dist/webgpu.js'),
      'limbeck/run': at('../dist/run.js'),
      'limbeck/federate': at('../dist/federate.js'),
      limbeck: at('../dist/index.js'),
    },
  },
  build: {
    outDir: at('../dist/demo'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 2000,
    // Every HTML file here is a page.
    rollupOptions: {
      input: readdirSync(at('.'))
        .filter((name) => name.endsWith('.html'))
        .map(at),
    },
  },
  worker: { format: 'es' },
  logLevel: 'warn',
});
