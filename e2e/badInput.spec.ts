import type { Page } from '@playwright/test';
import { bundle, endIdleTrainer, expect, livingWorkers, test } from './fixtures.ts';

type Limbeck = typeof import('limbeck');

/** Runs code in an empty page that can import the built package; returns the error it ends with. */
async function errorOf(page: Page, code: (limbeck: Limbeck, tools: Tools) => Promise<unknown>) {
  return page.evaluate(`(async () => {
    const limbeck = await import('/index.js');
    const model = async () => new Uint8Array(await (await fetch('/demo/models/ch_PP-OCRv4_rec_infer.onnx')).arrayBuffer());
    const images = (count, fill = 0.5) => limbeck.fromArrays({ data: new Float32Array(count * 784).fill(fill), shape: [count, 28, 28, 1] });
    let asked = 0;
    const fakeTeacher = (classes = 10, output = 'logits') => ({
      description: { name: 'fake', bytes: 0, device: 'wasm', threads: 1, inputs: {}, outputs: {}, notices: [] },
      ask: async (inputs) => {
        const batch = Object.values(inputs)[0].shape[0];
        asked += batch;
        return { [output]: { data: new Float32Array(batch * classes), shape: [batch, classes] } };
      },
      timeMs: async () => [],
      [Symbol.asyncDispose]: async () => {},
    });
    try {
      await (${code})(limbeck, { model, images, fakeTeacher });
      return { asked, message: 'nothing was thrown' };
    } catch (error) {
      return { asked, name: error.name, code: error.code, message: error.message, isLimbeckError: error instanceof limbeck.LimbeckError };
    }
  })()`) as Promise<{ asked: number; name: string; code?: string; message: string; isLimbeckError: boolean }>;
}

interface Tools {
  model(): Promise<Uint8Array>;
  images(count: number, fill?: number): ReturnType<Limbeck['fromArrays']>;
  fakeTeacher(classes?: number, output?: string): import('limbeck').Teacher;
}

/** Each case: a title, the call, the expected error code, and what the message must contain. */
const cases: [string, (limbeck: Limbeck, tools: Tools) => Promise<unknown>, string, RegExp][] = [
  [
    'a file that is not ONNX',
    (limbeck) => limbeck.loadTeacher(new TextEncoder().encode('<!doctype html><p>404')).done,
    'invalid-onnx',
    /no ONNX file.*web page/,
  ],
  [
    'a truncated ONNX file',
    async (limbeck, { model }) => limbeck.loadTeacher((await model()).slice(0, 4_000_000)).done,
    'invalid-onnx',
    /4000000 bytes.*whole/,
  ],
  ['an empty file', (limbeck) => limbeck.loadTeacher(new Uint8Array(0)).done, 'invalid-onnx', /empty/],
  ['an address without a model', (limbeck) => limbeck.loadTeacher('/nothing.onnx').done, 'model-unreachable', /404/],
  [
    'an input that the teacher does not have',
    async (limbeck, { model }) => {
      const teacher = await limbeck.loadTeacher(await model()).done;
      const pixels = { data: new Float32Array(6912), shape: [1, 3, 48, 48] };
      await teacher.ask({ left: pixels, right: pixels }).finally(() => teacher[Symbol.asyncDispose]());
    },
    'unknown-input',
    /"x".*"left", "right"/,
  ],
  [
    'an input of another shape',
    async (limbeck, { model }) => {
      const teacher = await limbeck.loadTeacher(await model()).done;
      const pixels = { data: new Float32Array(784), shape: [1, 28, 28, 1] };
      await teacher.ask({ x: pixels }).finally(() => teacher[Symbol.asyncDispose]());
    },
    'shape-mismatch',
    /\[1, 28, 28, 1\]/,
  ],
  [
    'an image without pixels',
    async (limbeck) => limbeck.fromImages([new Blob([])], { width: 28, height: 28 }),
    'empty-image',
    /Image 0 has no pixels/,
  ],
  [
    'an image that does not decode',
    (limbeck) => {
      const data = limbeck.fromImages([new Blob(['no image'], { type: 'image/png' })], { width: 28, height: 28 });
      return data.read(new Int32Array([0]));
    },
    'image-unreadable',
    /Image 0/,
  ],
  [
    'an empty dataset',
    (limbeck, { images, fakeTeacher }) =>
      limbeck.distill({ teacher: fakeTeacher(), student: limbeck.cnn(), data: images(0) }).done,
    'empty-dataset',
    /at least one/,
  ],
  [
    'NaN pixels',
    (limbeck, { images, fakeTeacher }) =>
      limbeck.distill({ teacher: fakeTeacher(), student: limbeck.cnn(), data: images(50, Number.NaN) }).done,
    'not-finite',
    /NaN/,
  ],
  [
    'class counts that differ',
    (limbeck, { images, fakeTeacher }) =>
      limbeck.distill({ teacher: fakeTeacher(7), student: limbeck.cnn({ classes: 10 }), data: images(50) }).done,
    'class-mismatch',
    /classes: 7/,
  ],
  [
    'an output that the teacher does not give',
    (limbeck, { images, fakeTeacher }) =>
      limbeck.distill({ teacher: fakeTeacher(10, 'probs'), student: limbeck.cnn(), data: images(50) }).done,
    'unknown-output',
    /"logits".*"probs"/,
  ],
  [
    'a loss that reads labels where there are none',
    (limbeck, { images, fakeTeacher }) => {
      const options = {
        teacher: fakeTeacher(),
        student: limbeck.cnn(),
        data: images(50),
        loss: limbeck.crossEntropy(),
      };
      return limbeck.distill(options).done;
    },
    'labels-missing',
    /labels/,
  ],
  [
    'a student that cannot be trained',
    async (limbeck, { images, fakeTeacher }) => {
      const student = limbeck.mlp({ inputShape: [28, 28, 1], hidden: [] });
      const setup = { teacher: fakeTeacher(), data: images(2), epochs: 1 };
      await limbeck.distill({ ...setup, student }).done;
      const files = limbeck.toFiles(student.artifacts as import('limbeck').StudentArtifacts);
      const frozen = files['model.json'].replaceAll('"trainable":true', '"trainable":false');
      const artifacts = limbeck.artifactsFromFiles({ ...files, 'model.json': frozen });
      await limbeck.distill({ ...setup, student: limbeck.studentFromArtifacts('frozen', artifacts) }).done;
    },
    'student-not-trainable',
    /no trainable weight/,
  ],
  [
    'a worker script that is not there',
    (limbeck) => limbeck.openTrainer({ worker: () => new Worker('/nothing.js', { type: 'module' }) }),
    'worker-unreachable',
    /did not start/,
  ],
  [
    'a misspelt option',
    (limbeck) => limbeck.openTrainer({ thread: 2 } as object),
    'invalid-option',
    /no option "thread"/,
  ],
];

for (const [name, code, expected, words] of cases) {
  test(`bad input: ${name} → ${expected}`, async ({ page, serveDist }) => {
    await page.goto(`${await serveDist()}/empty.html`);
    const error = await errorOf(page, code);
    expect(error, error.message).toMatchObject({ code: expected, isLimbeckError: true });
    expect(error.message).toMatch(words);
    // The check asks the teacher about two examples; the long work never starts. (One case trains on two before.)
    expect(error.asked).toBeLessThanOrEqual(6);
    await endIdleTrainer(page);
    await expect.poll(() => livingWorkers(page), 'workers left behind').toBe(0);
  });
}

test('bad input: WebAssembly blocked by a content security policy → wasm-blocked', async ({ page, serveDist }) => {
  const policy = { 'Content-Security-Policy': "script-src 'self' blob:; worker-src 'self' blob:" };
  const url = await serveDist({ headers: (path) => (path === '/worker.js' ? policy : {}) });
  await page.goto(`${url}/empty.html`);
  const forStudent = await errorOf(page, (limbeck) => limbeck.openTrainer());
  expect(forStudent, forStudent.message).toMatchObject({ code: 'wasm-blocked', isLimbeckError: true });
  expect(forStudent.message).toContain('wasm-unsafe-eval');
  const forTeacher = await errorOf(page, async (limbeck, { model }) => limbeck.loadTeacher(await model()).done);
  expect(forTeacher, forTeacher.message).toMatchObject({ code: 'wasm-blocked', isLimbeckError: true });
});

for (const [what, policy] of [
  ['allows no threads', "worker-src 'none'"],
  ['trusts others only', "worker-src 'self' blob:; require-trusted-types-for 'script'; trusted-types other"],
] as const) {
  test(`a policy that ${what} costs the threads, not the run`, async ({ page, serveDist }) => {
    const headers = { 'Content-Security-Policy': `script-src 'self' 'wasm-unsafe-eval'; ${policy}` };
    const url = await serveDist({
      headers: (path) => (path === '/worker.js' ? headers : {}) as Record<string, string>,
    });
    await page.goto(`${url}/empty.html`);
    const description = await page.evaluate(async () => {
      const script = '/index.js';
      const { openTrainer } = (await import(script)) as Limbeck;
      const trainer = await openTrainer();
      await trainer[Symbol.asyncDispose]();
      return trainer.description;
    });
    expect(description).toMatchObject({ backend: 'wasm', threads: 1, hasKernels: true });
    expect(description.notices.join(' ')).toMatch(/threads\.js.*worker-src 'self'/);
  });
}

test('a LayersModel whose layers are frozen is refused before the first step', async ({ page, serveDist }) => {
  const body = await bundle('pages/ownModel.ts');
  const url = await serveDist({ extra: { '/own-model.js': { type: 'text/javascript', body } } });
  await page.goto(`${url}/empty.html`);
  const result = await page.evaluate(async () => {
    const script = '/own-model.js';
    const { refuseFrozen } = (await import(script)) as typeof import('./pages/ownModel.ts');
    return refuseFrozen();
  });
  expect(result).toMatchObject({ code: 'student-not-trainable' });
});
