import { isLong } from '../scripts/isLong.mjs';
import { endIdleTrainer, expect, livingWorkers, test } from './fixtures.ts';

const TEACHERS = ['wasm', 'kernels', 'tfjs', 'function', 'cached', 'ensemble'] as const;
/** Each distils for some seconds. */
const TRIED = isLong ? TEACHERS : TEACHERS.slice(0, 3);

for (const kind of TRIED) {
  test(`a teacher (${kind}) that is disposed in the midst of a run is named, with a code`, async ({
    page,
    serveDist,
  }) => {
    await page.goto(`${await serveDist()}/empty.html`);
    const seen = await page.evaluate(async (of: (typeof TEACHERS)[number]) => {
      const script = '/index.js';
      const limbeck = (await import(script)) as typeof import('limbeck');
      const { cachedTeacher, distill, ensemble, fromArrays, fromFunction, loadTeacher, mlp, openStore, snapshot } =
        limbeck;
      const values = Float32Array.from({ length: 4 * 4000 }, (_, i) => Math.sin(i));
      const data = fromArrays({ data: values, shape: [4000, 4] });
      const student = () => mlp({ inputShape: [4], classes: 2 });
      const answer = async ({ input }: Parameters<Parameters<typeof fromFunction>[0]>[0]) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        const some = Float32Array.from(input?.data ?? []).filter((_, i) => i % 2 === 0);
        return { logits: { data: some, shape: [some.length / 2, 2] } };
      };
      const plain = fromFunction(answer, { name: 'to be ended', version: '1' });
      const { student: taught } = await distill({ teacher: plain, student: student(), data, epochs: 1 }).done;
      const onnx = async (device: 'wasm' | 'kernels') =>
        loadTeacher(await limbeck.toOnnx(taught), { device, batchSize: 1, name: 'to be ended' }).done;
      const teacher = await {
        wasm: () => onnx('wasm'),
        kernels: () => onnx('kernels'),
        tfjs: () => snapshot(taught, { name: 'to be ended' }),
        function: async () => plain,
        cached: async () => cachedTeacher(plain, await openStore('ended', { kind: 'memory' })),
        ensemble: async () => ensemble([plain, await onnx('wasm')], { name: 'to be ended' }),
      }[of]();
      const run = distill({ teacher, student: student(), data, epochs: 2, teacherBatchSize: 1 });
      let answered = 0;
      try {
        for await (const event of run) {
          if (event.type !== 'teacher' || answered > 0) continue;
          answered = event.answered;
          void teacher[Symbol.asyncDispose]();
        }
        return { message: 'nothing was thrown' };
      } catch (error) {
        const { name, message, code } = error as { name: string; message: string; code?: string };
        return { name, message, code, answered };
      }
    }, kind);
    expect(seen, seen.message).toMatchObject({ name: 'LimbeckError', code: 'disposed' });
    expect(seen.message).toMatch(kind === 'ensemble' ? /ensemble/ : /"to be ended"/);
    await endIdleTrainer(page);
    // Those of the parts of an ensemble or a cache stay the caller's.
    if (kind !== 'ensemble') await expect.poll(() => livingWorkers(page)).toBe(0);
  });
}
