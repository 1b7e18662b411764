import { cnn, crossEntropy, distill, fromArrays } from 'limbeck';
import { expect, test, vi } from 'vitest';
import { writeForms } from '../demo/forms.ts';

// Files are measured in a browser; here it is about how they are written.
vi.mock('../demo/measure.ts', () => ({ measureTeacher: async () => ({ msPerExample: {} }) }));

/** Images whose pixels are up to `brightness`: what the ranges of activations hang on. */
function images(count: number, brightness: number) {
  const data = Float32Array.from({ length: count * 784 }, (_, i) => brightness * Math.abs(Math.sin(0.37 * i)));
  return fromArrays(
    { data, shape: [count, 28, 28, 1] },
    Int32Array.from({ length: count }, (_, i) => i % 10),
  );
}

test('int8 is calibrated on what the student learned from, and not on what it is scored on', async () => {
  const student = cnn();
  const learned = images(40, 1);
  const run = { student, data: learned, loss: crossEntropy(), epochs: 1, seed: 1, worker: 'none' } as const;
  const { report } = await distill(run).done;
  const int8 = async (from: ReturnType<typeof images>, holdout: ReturnType<typeof images>) => {
    const { signal } = new AbortController();
    const { files } = await writeForms({ student, report, learned: from, holdout, threads: 1, signal });
    return files['student.int8.onnx'];
  };
  const one = await int8(learned, images(20, 1));
  expect(await int8(learned, images(20, 9))).toEqual(one);
  expect(await int8(images(40, 9), images(20, 1))).not.toEqual(one);
});
