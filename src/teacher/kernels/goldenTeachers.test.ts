// Files of the kinds that teachers come in, on the kernels and as onnxruntime answered them.
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import { builtAssets } from '../../runtime/cases/assetCases.ts';
import { createOnnxSession } from '../session/session.ts';

/** golden/teachers.json and its models, which scripts/golden/kernelsTeachers.py made with onnxruntime. */
interface Packed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface GoldenTeacher {
  readonly operators: readonly string[];
  readonly runs: readonly { readonly inputs: Readonly<Record<string, Packed>>; readonly y: Packed }[];
}

const folder = new URL('golden/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('teachers.json', folder), 'utf8')) as Readonly<
  Record<string, GoldenTeacher>
>;

/**
 * Of the largest answer. Float32: another order of sums. Halves: onnxruntime rounds every value between nodes to 2⁻¹¹, we do
 * not. Static int8: onnxruntime rounds whole sums where we round floats, so that a number may be its neighbour.
 */
const TOLERANCES: readonly (readonly [RegExp, number])[] = [
  [/Halves/, 4e-3],
  [/Static/, 2e-2],
  [/./, 4e-6],
];

const session = createOnnxSession();
afterAll(() => session.close());

test.each(Object.entries(golden))('%s', async (name, { runs }) => {
  const model = new Blob([readFileSync(new URL(`${name}.onnx`, folder))]);
  const files = { model, externalData: [] };
  await session.open(files, { name, assetBase: builtAssets() }, { device: 'kernels', threads: 1 });
  const tolerance = TOLERANCES.find(([kind]) => kind.test(name))?.[1] as number;
  // Computed directly, recorded, replayed: each set of lengths in turn.
  for (let round = 0; round < 3; round++) {
    for (const { inputs, y } of runs) {
      const answer = (await session.run(arraysOf(inputs)))['y'] as NdArray;
      expect(answer.shape).toEqual(y.shape);
      const scale = Math.max(...y.data.map(Math.abs));
      const worst = y.data.reduce((most, right, i) => Math.max(most, Math.abs(right - (answer.data[i] as number))), 0);
      expect(worst / scale).toBeLessThanOrEqual(tolerance);
    }
  }
  await session.close();
});

function arraysOf(inputs: Readonly<Record<string, Packed>>): NamedArrays {
  const isWhole = 'tokens' in inputs;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      { data: isWhole ? Int32Array.from(data) : Float32Array.from(data), shape },
    ]),
  );
}
