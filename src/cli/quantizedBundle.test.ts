// From a student to a page that asks its small form, by the functions that the commands are made of.
import { beforeAll, expect, test } from 'vitest';
import { toBundle } from '../export/bundle.ts';
import { quantize } from '../export/quantize.ts';
import type { QuantizedForm } from '../export/quantizeOptions.ts';
import { toOnnx } from '../export/toOnnx.ts';
import { readModel, writeModel } from '../onnx/model.ts';
import { loadStudent } from '../predict/loadStudent.ts';
import { ortAssets } from '../runtime/cases/assetCases.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { readBundle } from '../student/files/readBundle.ts';
import { type Student, studentFromArtifacts } from '../student/student.ts';
import { mlp } from '../student/zoo/mlp.ts';

const labels = ['cat', 'dog', 'neither'];
const input = { kind: 'sound', rate: 16_000 };
const HERE = { worker: 'none', assetBase: ortAssets(), threads: 1 } as const;
let student: Student;
let onnx: Uint8Array;

beforeAll(async () => {
  const artifacts = await artifactsFrom(mlp({ inputShape: [40], classes: 3, hidden: [64] }), 'build');
  student = studentFromArtifacts('pets', artifacts);
  onnx = await toOnnx(student, { labels, input });
});

const ask = async (bundle: Uint8Array, engine: 'auto' | 'tfjs' = 'auto') => {
  await using loaded = await loadStudent(bundle, { ...HERE, engine });
  const given = { data: Float32Array.from({ length: 80 }, (_, i) => Math.sin(i)), shape: [2, 40] };
  return { description: loaded.description, ...(await loaded.predict(given)) };
};

test.each<QuantizedForm>(['dynamic-int8', 'float16', 'int4'])(
  'labels, input and probabilities stay with a file through quantize, toBundle and loadStudent, which takes it: %s',
  async (to) => {
    const { bytes } = await quantize(onnx, { to }).done;
    const bundle = await toBundle(student, { onnx: bytes });
    const { manifest, card } = await readBundle(bundle);
    expect(manifest).toMatchObject({ labels, input, quantized: to });
    expect(card).toContain('`neither`');
    const { description, labels: said, probabilities } = await ask(bundle);
    expect(description).toMatchObject({ engine: 'onnxruntime', labels, input, notices: [] });
    expect(description.why).toContain(`quantized (${to})`);
    expect(said?.every((label) => labels.includes(label))).toBe(true);
    expect(probabilities?.shape).toEqual([2, 3]);
    const asked = await ask(bundle, 'tfjs');
    expect(asked.description).toMatchObject({ engine: 'tfjs', labels });
    expect(asked.probabilities?.shape).toEqual([2, 3]);
  },
);

test('a file that another tool quantized is taken too', async () => {
  const { bytes } = await quantize(onnx, { to: 'dynamic-int8' }).done;
  const foreign = readModel(bytes);
  foreign.metadataProps = [];
  const bundle = await toBundle(student, { onnx: writeModel(foreign), labels: ['a', 'b', 'c'] });
  expect((await readBundle(bundle)).manifest).toMatchObject({ quantized: 'other', labels: ['a', 'b', 'c'] });
  expect((await ask(bundle)).description).toMatchObject({ engine: 'onnxruntime', labels: ['a', 'b', 'c'] });
});

test('a file that was not quantized is measured beside the tfjs form, as ever', async () => {
  const bundle = await toBundle(student, { onnx });
  expect((await readBundle(bundle)).manifest).not.toHaveProperty('quantized');
  expect((await ask(bundle)).description.why).toMatch(/ms in onnxruntime and .* ms in tfjs here/);
});
