import { describe, expect, test } from 'vitest';
import { modelCard } from './modelCard.ts';
import { yamlOf } from './yaml.ts';

const report = {
  seed: 7,
  examples: 8000,
  batchSize: 64,
  loss: { name: 'softTargets', options: { temperature: 4 } },
  backend: { backend: 'wasm', threads: 2, simdLevel: 'relaxed', hasKernels: true },
  teacher: { name: 'ocr-rec', bytes: 10_800_000, identity: 'f00d' },
  student: { parameters: 57_000, bytes: 228_000 },
  epochs: [
    { epoch: 1, loss: 2 },
    { epoch: 2, loss: 0.512345 },
  ],
  holdout: { accuracy: 0.927 },
  timeMs: { train: 61_000, total: 70_000 },
};

describe('a card', () => {
  const card = modelCard({
    name: 'digits',
    description: 'Reads handwritten digits.',
    license: 'mit',
    task: 'image-classification',
    data: { name: 'mnist', description: '10,000 digits.' },
    labels: ['0', '1'],
    metrics: { agreement: 0.95 },
    bytes: { onnx: 231_000 },
    latency: [{ ms: 0.61234, environment: 'Chromium, 2 threads' }],
    limits: ['Letters are read as digits.'],
    report,
  });

  test('begins with the part for machines', () => {
    expect(card.slice(0, card.indexOf('\n---\n') + 5)).toBe(`---
license: mit
library_name: limbeck
pipeline_tag: image-classification
tags:
- limbeck
- tfjs
- onnx
- knowledge-distillation
base_model: ocr-rec
datasets:
- mnist
metrics:
- accuracy
- agreement
model-index:
- name: digits
  results:
  - task:
      type: image-classification
    dataset:
      name: mnist
      type: mnist
    metrics:
    - type: accuracy
      value: 0.927
    - type: agreement
      value: 0.95
---
`);
  });

  test('says what was measured, and on what', () => {
    for (const part of [
      '# digits',
      '**ocr-rec** (10,800,000 bytes)',
      'learned from: 8,000',
      '| Loss | `softTargets` (temperature: 4) |',
      '| Loss of the last epoch | 0.5123 |',
      '| Trained on | wasm, limbeck’s kernels, 2 threads, SIMD: relaxed |',
      '| accuracy (held out) | 0.927 |',
      '| Bytes (onnx) | 231,000 |',
      '| Latency, one example | 0.6123 ms on Chromium, 2 threads |',
      '- Letters are read as digits.',
      "loadStudent('digits.limbeck')",
      'Classes, in order: `0`, `1`.',
    ]) {
      expect(card).toContain(part);
    }
  });
});

test('what was not measured is left out', () => {
  const card = modelCard({ name: 'x', metrics: { accuracy: Number.NaN } });
  expect(card).not.toMatch(/NaN|undefined|null|accuracy|Measured|Training|Teacher|Latency|model-index|Limits|Data/);
  expect(card).toContain('# x\n\n## How to use');
});

test('external texts begin no heading, row or code', () => {
  const card = modelCard({
    name: 'a\n# b',
    labels: ['x\n## y'],
    limits: ['one\n- two'],
    latency: [{ ms: 1, environment: 'a | b\nc' }],
    teacher: { name: 't: "u"\n---' },
  });
  expect(card.match(/^#+ .*/gm)).toEqual(['# a # b', '## Teacher', '## Measured', '## Limits', '## How to use']);
  expect(card.match(/^---$/gm)?.length).toBe(2);
  expect(card).toContain('1 ms on a \\| b c |');
  expect(card).toContain('base_model: "t: \\"u\\"\\n---"');
});

test('an unknown option is refused', () => {
  expect(() => modelCard({ name: 'x', licence: 'mit' } as never)).toThrow(
    expect.objectContaining({ code: 'invalid-option' }),
  );
});

test.each<[unknown, string]>([
  ['mit', 'a: mit\n'],
  ['apache-2.0', 'a: apache-2.0\n'],
  ['no', 'a: "no"\n'],
  ['1e3', 'a: "1e3"\n'],
  ['- x', 'a: "- x"\n'],
  ['a: b', 'a: "a: b"\n'],
  ['a #b', 'a: "a #b"\n'],
  ['', 'a: ""\n'],
  ['ü\u2028\u0085', 'a: "ü\\u2028\\u0085"\n'],
  ['\u0000\t"\\', 'a: "\\u0000\\t\\"\\\\"\n'],
  [1.5, 'a: 1.5\n'],
  [1e-7, 'a: 1.0e-7\n'],
  [-1.5e-7, 'a: -1.5e-7\n'],
  [true, 'a: true\n'],
  [undefined, ''],
  [[], ''],
  [[undefined], ''],
])('YAML of %j', (value, text) => {
  expect(yamlOf({ a: value })).toBe(text);
});
