import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from './fixtures.ts';

interface GoldenArray {
  readonly shape: number[];
  /** Bytes k, read as k / 128. */
  readonly base64?: string;
  readonly values?: number[];
}
interface GoldenModel {
  readonly inputs: Record<string, GoldenArray>;
  readonly outputs: Record<string, { shape: number[]; stride: number; values: number[]; sum: number }>;
}

const require = createRequire(import.meta.url);
const golden = JSON.parse(await readFile(new URL('../src/teacher/golden/teachers.json', import.meta.url), 'utf8')) as {
  models: Record<string, GoldenModel>;
};

/** A file of an installed package. */
function packageFile(path: string): string {
  const [scope = '', name = '', ...rest] = path.split('/');
  const packageName = scope.startsWith('@') ? `${scope}/${name}` : scope;
  const inside = scope.startsWith('@') ? rest : [name, ...rest];
  const paths = require.resolve.paths(packageName) ?? [];
  return join(paths[1] ?? paths[0] ?? '', packageName, ...inside);
}

for (const [file, { inputs, outputs }] of Object.entries(golden.models)) {
  test(`${file} equals Python's onnxruntime`, async ({ page, serveDist }) => {
    const url = await serveDist();
    await page.route('**/model.onnx', async (route) => route.fulfill({ body: await readFile(packageFile(file)) }));
    await page.goto(`${url}/empty.html`);
    const given = await page.evaluate(
      async ({ inputs, module }) => {
        const { loadTeacher } = (await import(module)) as typeof import('limbeck');
        const arrays = Object.entries(inputs).map(([name, { shape, base64, values }]) => {
          const bytes = Int8Array.from(atob(base64 ?? ''), (character) => character.charCodeAt(0));
          const data = values ? Int32Array.from(values) : Float32Array.from(bytes, (byte) => byte / 128);
          return [name, { data, shape }] as const;
        });
        const teacher = await loadTeacher('/model.onnx', { read: (all) => all }).done;
        try {
          const answers = await teacher.ask(Object.fromEntries(arrays));
          return Object.entries(answers).map(([name, { data, shape }]) => ({
            name,
            data: [...data],
            shape: [...shape],
          }));
        } finally {
          await teacher[Symbol.asyncDispose]();
        }
      },
      { inputs, module: `${url}/index.js` },
    );
    expect(given.map(({ name }) => name).sort()).toEqual(Object.keys(outputs).sort());
    for (const { name, data, shape } of given) {
      const { stride, values, sum, shape: wanted } = outputs[name] as GoldenModel['outputs'][string];
      expect(shape).toEqual(wanted);
      const apart = values.map((value, i) => Math.abs(value - (data[i * stride] as number)));
      expect(Math.max(...apart), `${name}: largest difference`).toBeLessThan(1e-4);
      const total = data.reduce((all, value) => all + value, 0);
      expect(Math.abs(total - sum) / data.length, `${name}: mean`).toBeLessThan(1e-5);
    }
  });
}
