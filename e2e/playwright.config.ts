import { defineConfig } from '@playwright/test';
import { CHROMIUM_ARGS, ensureChromium } from '../scripts/ensure.mjs';

export default defineConfig({
  testDir: '.',
  outputDir: '../out/e2e',
  // Tests wait about half of their time. No test judges how fast anything is, so a second browser at work does no harm.
  workers: 2,
  fullyParallel: false,
  timeout: 180_000,
  // What is waited for comes late on a busy machine; no test judges how fast it is.
  expect: { timeout: 20_000 },
  reporter: [['list'], ['json', { outputFile: '../out/e2e.json' }]],
  use: { launchOptions: { executablePath: ensureChromium(), args: CHROMIUM_ARGS } },
});
