import { fileURLToPath } from 'node:url';
import { test as base, type Page } from '@playwright/test';
import { type BuildOptions, build } from 'esbuild';
import { CHROMIUM_ARGS, ensureChromium } from '../scripts/ensure.mjs';
import { serve } from '../scripts/serve.mjs';

export { expect } from '@playwright/test';

/** Chromium with WebGPU in software: correct, but too slow for timings. */
export const SOFTWARE_GPU = {
  executablePath: ensureChromium(),
  args: [
    ...CHROMIUM_ARGS.filter((arg: string) => arg !== '--disable-gpu'),
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    '--enable-features=Vulkan',
    '--ignore-gpu-blocklist',
    '--enable-unsafe-swiftshader',
    '--use-angle=swiftshader',
  ],
};

interface ServeOptions {
  readonly isIsolated?: boolean;
  readonly headers?: (pathname: string) => Record<string, string>;
  readonly extra?: Record<string, { type: string; body: string }>;
}

const EMPTY_PAGE =
  '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>test</title></html>';
const dist = fileURLToPath(new URL('../dist', import.meta.url));

interface Fixtures {
  /** Serves the built package, an empty page at /empty.html and the demo at /demo/; closed after the test. */
  serveDist(options?: ServeOptions): Promise<string>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures from this pattern
  serveDist: async ({}, use) => {
    const servers: { close(): Promise<unknown> }[] = [];
    await use(async ({ extra, ...options } = {}) => {
      const pages = { '/empty.html': { type: 'text/html', body: EMPTY_PAGE }, ...extra };
      const server = await serve(dist, { ...options, extra: pages });
      servers.push(server);
      return server.url;
    });
    for (const server of servers) await server.close();
  },
});

const bundles = new Map<string, Promise<string>>();

/** Bundles a file of this folder for a page, once; imports of 'limbeck' mean the built package. */
export function bundle(file: string): Promise<string> {
  const bundled = bundles.get(file) ?? bundleNow({ entryPoints: [fileURLToPath(new URL(file, import.meta.url))] });
  bundles.set(file, bundled);
  return bundled;
}

/** The same of code that stands in no file. */
export function bundleText(contents: string): Promise<string> {
  return bundleNow({ stdin: { contents, resolveDir: dist, loader: 'ts' } });
}

async function bundleNow(entry: Pick<BuildOptions, 'entryPoints' | 'stdin'>): Promise<string> {
  const { outputFiles } = await build({
    ...entry,
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    mainFields: ['module', 'main'],
    alias: {
      'limbeck/run': fileURLToPath(new URL('../dist/run.js', import.meta.url)),
      'limbeck/students': fileURLToPath(new URL('../dist/students.js', import.meta.url)),
      'limbeck/webgpu': fileURLToPath(new URL('../dist/webgpu.js', import.meta.url)),
      'limbeck/federate': fileURLToPath(new URL('../dist/federate.js', import.meta.url)),
      'limbeck/tfjs': fileURLToPath(new URL('../dist/tfjs.js', import.meta.url)),
      limbeck: fileURLToPath(new URL('../dist/index.js', import.meta.url)),
    },
    external: ['node:fs/promises'],
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

/** An entry of the package as a user's bundler leaves it: minified, in parts that import each other; the first is '/own-<entry>.js'. */
export async function builtEntry(entry: string) {
  const { outputFiles } = await build({
    entryPoints: { [`own-${entry}`]: fileURLToPath(new URL(`../dist/${entry}.js`, import.meta.url)) },
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    absWorkingDir: '/',
    outdir: '/',
    format: 'esm',
    platform: 'browser',
    external: ['node:fs/promises', 'onnxruntime-web/wasm', '@tensorflow/*'],
    logLevel: 'error',
  });
  return outputFiles;
}

/** Uncaught errors and console errors of the page, as text. */
export function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  return errors;
}

/** What the demo page exposes to tests. */
export interface DemoWindow {
  limbeckDemo: Demo;
}
interface Demo {
  state: 'idle' | 'running' | 'done' | 'cancelled' | 'failed';
  events: { type: string; [field: string]: unknown }[];
  result?: { report: Report; files: { 'model.json': string; 'weights.bin': Uint8Array } };
  error?: { name: string; code?: string; message: string };
  storeKind?: string;
  start(): void;
  cancel(): void;
}
interface Report {
  readonly backend: string;
  readonly threads: number;
  readonly simdLevel: string;
  readonly isIsolated: boolean;
  readonly notices: string[];
  readonly student: { accuracy: number; agreement: number; bytes: number };
  readonly teacher: {
    accuracy: number;
    device: string;
    measuredAt?: string;
    usage: { calls: number; computed: number; found: number };
  };
  readonly tensorsLeft: number;
  readonly longestMainThreadTaskMs: number;
}

/** Opens the demo with these parameters, starts it, and waits until it has ended. */
export async function runDemo(page: Page, url: string, query: Record<string, string | number>) {
  const parameters = new URLSearchParams({ autostart: '1' });
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
  await page.goto(`${url}/demo/?${parameters}`);
  return demoResult(page);
}

/** Waits until the demo's run has ended, and returns the outcome. */
export async function demoResult(page: Page) {
  await page.waitForFunction(
    () => ['done', 'cancelled', 'failed'].includes((window as unknown as DemoWindow).limbeckDemo?.state),
    undefined,
    { timeout: 150_000 },
  );
  return page.evaluate(async () => {
    const { state, result, error, events, storeKind } = (window as unknown as DemoWindow).limbeckDemo;
    const weights = result?.files['weights.bin'];
    const digest = weights && (await crypto.subtle.digest('SHA-256', weights as Uint8Array<ArrayBuffer>));
    return {
      state,
      error,
      storeKind,
      report: result?.report,
      types: [...new Set(events.map(({ type }) => type))],
      weightsHash: digest && Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join(''),
    };
  });
}

/** Ends the trainer that the page keeps warm, as leaving the page does; any worker left after that has leaked. */
export function endIdleTrainer(page: Page): Promise<void> {
  return page.evaluate(() => void dispatchEvent(new Event('pagehide')));
}

/**
 * How many of limbeck's workers live in the page: each holds a Web Lock until its global scope has ended. Chromium's own
 * list is not asked, because the thread of an ended worker may stay in it for a while, asleep (FEATURES.md).
 */
export function livingWorkers(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { held = [] } = await navigator.locks.query();
    return held.filter(({ name }) => name?.startsWith('limbeck-worker-')).length;
  });
}

type Called<Module, Name extends keyof Module> = Extract<Module[Name], (...given: never[]) => unknown>;

/** What calls a function of a page's module, by its name; `script` is its address. */
export function callsOf<Module>(script: string) {
  return async <Name extends keyof Module>(page: Page, name: Name, ...given: Parameters<Called<Module, Name>>) => {
    const result = await page.evaluate(
      async ([address, called, values]) => {
        const functions = (await import(address)) as Record<string, (...args: unknown[]) => unknown>;
        return functions[called as string]?.(...(values as unknown[]));
      },
      [script, name, given] as const,
    );
    return result as Awaited<ReturnType<Called<Module, Name>>>;
  };
}
