import { crossEntropy, type Dataset, distill, fromArrays, mlp, type NdArray, openTrainer } from 'limbeck';
import { expect, test, vi } from 'vitest';
import { writeForms } from '../demo/forms.ts';

/** What `quantize` was given to calibrate on, form by form. */
const calibrated = vi.hoisted(() => new Map<string, Dataset | undefined>());

// Files are quantized and measured in a browser; here it is about what they are made from.
vi.mock('../src/export/quantize.ts', () => ({
  quantize: (_: Uint8Array, { to, calibration }: { to: string; calibration?: Dataset }) => {
    calibrated.set(to, calibration);
    return { done: Promise.resolve({ bytes: new Uint8Array(1) }) };
  },
}));
vi.mock('../demo/measure.ts', async (original) => ({
  ...(await original<typeof import('../demo/measure.ts')>()),
  measureTeacher: async () => ({ msPerExample: {} }),
}));
vi.mock('../src/teacher/onnx.ts', () => {
  const ask = async ({ input }: { input: NdArray }) => {
    const [count = 0] = input.shape;
    return { logits: { data: new Float32Array(count * 10), shape: [count, 10] } };
  };
  const teacher = { ask, [Symbol.asyncDispose]: async () => undefined };
  return { loadTeacher: () => ({ done: Promise.resolve(teacher) }) };
});

/** Images of one brightness, so that one sees where they come from. */
function images(count: number, brightness: number) {
  const data = new Float32Array(count * 784).fill(brightness);
  return fromArrays(
    { data, shape: [count, 28, 28, 1] },
    Int32Array.from({ length: count }, (_, i) => i % 10),
  );
}

test('int8 is calibrated on what the student learned from, and not on what it is scored on', async () => {
  await using trainer = await openTrainer({ worker: 'none', backend: 'cpu' });
  const student = mlp({ inputShape: [28, 28, 1], hidden: [8] });
  const [learned, holdout] = [images(300, 0.25), images(20, 0.75)];
  const { report } = await distill({ student, data: learned, loss: crossEntropy(), epochs: 1, trainer }).done;
  const { signal } = new AbortController();
  const task = { labels: [...'0123456789'], input: {} };
  await writeForms({ student, report, task, learned, holdout, teacherAnswers: undefined, threads: 1, signal });
  const calibration = calibrated.get('static-int8') as Dataset;
  expect(calibration.size).toBe(256);
  const { inputs } = await calibration.read(Int32Array.from({ length: 256 }, (_, i) => i));
  expect(new Set((inputs['input'] as NdArray).data)).toEqual(new Set([0.25]));
});
