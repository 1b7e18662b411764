import { crossEntropy, distill, fromArrays, mlp, type NdArray, openTrainer } from 'limbeck';
import { expect, test, vi } from 'vitest';
import { writeForms } from '../demo/forms.ts';

// What the files come to is measured in a browser; here it is about how they are written.
vi.mock('../demo/measure.ts', () => ({ measureTeacher: async () => ({ msPerExample: {} }) }));
vi.mock('../src/teacher/onnx.ts', () => {
  const ask = async ({ input }: { input: NdArray }) => {
    const [count = 0] = input.shape;
    return { logits: { data: new Float32Array(count * 10), shape: [count, 10] } };
  };
  const teacher = { ask, [Symbol.asyncDispose]: async () => undefined };
  return { loadTeacher: () => ({ done: Promise.resolve(teacher) }) };
});

/** Images whose pixels are up to `brightness`: what the ranges of activations hang on. */
function images(count: number, brightness: number) {
  const data = Float32Array.from({ length: count * 784 }, (_, i) => brightness * Math.abs(Math.sin(0.37 * i)));
  return fromArrays(
    { data, shape: [count, 28, 28, 1] },
    Int32Array.from({ length: count }, (_, i) => i % 10),
  );
}

test('int8 is calibrated on what the student learned from, and not on what it is scored on', async () => {
  await using trainer = await openTrainer({ worker: 'none', backend: 'cpu' });
  const student = mlp({ inputShape: [28, 28, 1], hidden: [8] });
  const learned = images(40, 1);
  const { report } = await distill({ student, data: learned, loss: crossEntropy(), epochs: 1, seed: 1, trainer }).done;
  const int8 = async (from: ReturnType<typeof images>, holdout: ReturnType<typeof images>) => {
    const { signal } = new AbortController();
    const { files } = await writeForms({ student, report, learned: from, holdout, threads: 1, signal });
    return files['student.int8.onnx'];
  };
  const one = await int8(learned, images(20, 1));
  expect(await int8(learned, images(20, 9))).toEqual(one);
  expect(await int8(images(40, 9), images(20, 1))).not.toEqual(one);
});
