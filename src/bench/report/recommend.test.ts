import { expect, test } from 'vitest';
import { row, skippedRow } from '../cases/reportCases.ts';
import { recommend } from './recommend.ts';

const sentence = (...rows: Parameters<typeof recommend>[0]) => recommend(rows)['mlp'];

test('the fastest is named with its threads and batch, and by how much', () => {
  expect(
    sentence(
      row({ threads: 1, ms: 4 }),
      row({ threads: 2, batch: 16, ms: 16 }),
      row({ backend: 'onnxruntime-wasm', threads: 2, ms: 2.7 }),
      row({ backend: 'onnxruntime-wasm', threads: 1, ms: 5 }),
      row({ backend: 'tfjs-wasm', ms: 9 }),
      row({
        backend: 'onnxruntime-webgpu',
        ms: 0.1,
        isRight: false,
        errorFraction: 0.4,
        skipped: 'It gives wrong numbers: by a half.',
      }),
    ),
  ).toBe(
    'kernels, 2 threads, batch 16: 2.7 times as fast as onnxruntime’s best here; onnxruntime on WebGPU gives wrong numbers on this device',
  );
});

test('what fewer threads do as well is not done with more', () => {
  expect(sentence(row({ threads: 1, ms: 2 }), row({ threads: 2, ms: 1.99 }))).toMatch(
    /^kernels, 1 thread: the best of kernels/,
  );
  expect(sentence(row({ threads: 1, ms: 2 }), row({ threads: 2, ms: 1.5 }))).toMatch(/^kernels, 2 threads:/);
});

test('an equal rival is said to be equal, and a difference that is not certain is said to be so', () => {
  const rival = row({ backend: 'onnxruntime-wasm', threads: 2, ms: 2.001 });
  expect(sentence(row(), rival)).toBe(
    'kernels, 1 thread: as fast as onnxruntime’s best here (onnxruntime on WebAssembly, 2 threads)',
  );
  const short = { roundsMs: [2, 2] };
  expect(sentence(row(short), row({ ...rival, roundsMs: [3, 3], medianMs: 3 }))).toContain(
    '1.5 times as fast as onnxruntime’s best here (onnxruntime on WebAssembly, 2 threads), which this run is too short to be certain of',
  );
});

test('where little ran, it says so', () => {
  expect(sentence(row(), skippedRow({ backend: 'onnxruntime-wasm' }))).toBe(
    'kernels, 1 thread; nothing else ran and was right',
  );
  expect(sentence(skippedRow())).toBe('Nothing ran and was right here (This browser offers no WebGPU here)');
  const wrong = row({ isRight: false, errorFraction: Number.NaN, skipped: 'It gives wrong numbers: no numbers.' });
  expect(sentence(wrong)).toBe('Nothing ran and was right here; kernels gives wrong numbers on this device');
});

test('a model has a sentence for each workload, the first under its own name', () => {
  const said = recommend([
    row({ workload: 'train-step' }),
    row({ workload: 'inference' }),
    row({ workload: 'memory', ms: Number.NaN, peakBytes: 2e6 }),
    row({ workload: 'memory', ms: Number.NaN, peakBytes: 5e6, backend: 'tfjs-cpu' }),
    row({ model: '__proto__' }),
  ]);
  expect(Object.keys(said)).toEqual(['mlp', 'mlp, train-step', 'mlp, memory', '__proto__']);
  expect(said['mlp, memory']).toBe('kernels, 1 thread: 2 MB, where tfjs’s best here takes 5 MB');
  expect(recommend([])).toEqual({});
});
