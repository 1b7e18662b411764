import { endIdleTrainer, expect, test } from './fixtures.ts';

test('arrays of an iframe teach the student that the page’s own teach', async ({ page, serveDist }) => {
  await page.goto(`${await serveDist()}/empty.html`);
  const seen = await page.evaluate(async () => {
    const script = '/index.js';
    const { distill, fromArrays, fromFunction, mlp } = (await import(script)) as typeof import('limbeck');
    const frame = document.body.appendChild(document.createElement('iframe'));
    const { Float32Array: Foreign } = frame.contentWindow as unknown as typeof globalThis;
    const learn = async (Numbers: typeof Float32Array) => {
      const array = (values: Float32Array, ...shape: number[]) => ({ data: new Numbers(values), shape });
      const points = fromArrays(
        array(
          Float32Array.from({ length: 256 }, (_, i) => Math.sin(i)),
          64,
          4,
        ),
      );
      const data = {
        ...points,
        async read(indices: Int32Array) {
          const { data: values, shape } = (await points.read(indices)).inputs['input'] as {
            data: Float32Array;
            shape: number[];
          };
          return { inputs: { input: array(values, ...shape) } };
        },
      };
      const teacher = fromFunction(
        ({ input }) => {
          const values = Float32Array.from(input?.data ?? []).filter((_, i) => i % 2 === 0);
          return { logits: array(values, values.length / 2, 2) };
        },
        { name: 'every second number' },
      );
      const { student } = await distill({ teacher, student: mlp({ inputShape: [4], classes: 2 }), data, epochs: 2 })
        .done;
      return [...new Float32Array(student.artifacts?.weightData ?? new ArrayBuffer(0))];
    };
    const [own, other] = [await learn(Float32Array), await learn(Foreign)];
    return { isForeign: !(new Foreign(1) instanceof Float32Array), own, other };
  });
  expect(seen.isForeign).toBe(true);
  expect(seen.own.length).toBeGreaterThan(10);
  expect(seen.other).toEqual(seen.own);
  await endIdleTrainer(page);
});
