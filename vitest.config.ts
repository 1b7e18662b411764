import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Two copies of tfjs-core would not see each other's tensors, so all of tfjs goes through one resolver.
  resolve: { mainFields: ['module', 'main'] },
  test: {
    include: ['src/**/*.test.ts', 'wasm/**/*.test.ts', 'scripts/**/*.test.ts'],
    server: { deps: { inline: [/@tensorflow\//] } },
    testTimeout: 60_000,
    execArgv: ['--experimental-wasm-relaxed-simd'],
  },
});
