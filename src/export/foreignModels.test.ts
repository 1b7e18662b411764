// What users do with their own models: export, quantize, predict, pack, and import again.
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { readModel } from '../onnx/model.ts';
import { ortAssets } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { readBundle } from '../student/files/readBundle.ts';
import { fromOnnx } from '../student/fromOnnx.ts';
import { toBundle } from './bundle.ts';
import { expectSame, ortOutputs } from './exportCases.ts';
import { predicted, seededInputs, withSeededWeights } from './exportedCases.ts';
import { FOREIGN_CASES } from './foreignCases.ts';
import { quantize } from './quantize.ts';
import type { QuantizeOptions } from './quantizeOptions.ts';
import { toOnnx } from './toOnnx.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
afterEach(() => tf.disposeVariables());

const HERE = { worker: 'none', threads: 1, assetBase: ortAssets() } as const;

test.each(FOREIGN_CASES)('$name', async ({ inputs, comesBack, build }) => {
  const model = build(tf);
  withSeededWeights(tf, model);
  const given = seededInputs(inputs, 3);
  const wanted = await predicted(tf, model, given);
  const bytes = await toOnnx(model);
  expectSame(await ortOutputs(bytes, given), wanted, 'as ONNX');

  const names = readModel(bytes).graph.input.map(({ name }) => name);
  const calibration = fromArrays(Object.fromEntries(names.map((name, i) => [name, given[i] as NdArray])));
  // Two to three times the worst of these models.
  const forms: [QuantizeOptions, far: number][] = [
    [{ to: 'dynamic-int8' }, 0.015],
    [{ to: 'static-int8', calibration }, 0.015],
    [{ to: 'float16' }, 0.0006],
    [{ to: 'float16', float16: 'graph' }, 0.001],
    [{ to: 'int4' }, 0.1],
  ];
  for (const [form, far] of forms) {
    const small = (await quantize(bytes, { ...form, ...HERE }).done).bytes;
    const answers = await ortOutputs(small, given);
    expect(distance(answers, wanted), JSON.stringify(form.to)).toBeLessThan(far);
  }

  const { artifacts } = await readBundle(await toBundle(model));
  const unpacked = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  expectSame(await predicted(tf, unpacked, given), wanted, 'from a bundle');
  if (comesBack === false) {
    await expect(fromOnnx(bytes)).rejects.toMatchObject({ code: 'unsupported-operator' });
    return;
  }
  const again = await fromOnnx(bytes, { inputLayout: 'as-is' });
  expectSame(await ortOutputs(await toOnnx(again), given), wanted, 'in and out again');
});

/** The root mean squared difference, relative to that of the values. */
function distance(a: readonly NdArray[], b: readonly NdArray[]): number {
  let [apart, size] = [0, 0];
  for (const [i, { data }] of b.entries()) {
    for (const [k, value] of data.entries()) {
      apart += ((a[i]?.data[k] as number) - value) ** 2;
      size += value ** 2;
    }
  }
  return Math.sqrt(apart / size);
}
