import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

// The demo is built as a user of the package would build a page: from the built package, by a bundler, minified.
export default defineConfig({
  root: at('.'),
  base: './',
  resolve: { alias: { limbeck: at('../dist/index.js') } },
  build: {
    outDir: at('../dist/demo'),
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 2000,
    rollupOptions: { input: { index: at('index.html'), personal: at('personal.html') } },
  },
  worker: { format: 'es' },
  logLevel: 'warn',
});
