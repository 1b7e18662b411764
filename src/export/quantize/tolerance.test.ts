import { expect, test } from 'vitest';
import { QUANTIZE, type QuantizeOptions } from '../quantizeOptions.ts';
import { adviceFor } from './tolerance.ts';

const advice = (options: QuantizeOptions) => adviceFor(QUANTIZE.read(options));

test.each<[QuantizeOptions, string]>([
  [{ to: 'float16' }, 'Try sensitive nodes in float ("exclude").'],
  [{ to: 'float16', float16: 'graph' }, 'Try float16: \'weights\', or sensitive nodes in float ("exclude").'],
  [{ to: 'int4' }, 'Try a smaller "blockSize", sensitive nodes in float ("exclude"), or \'dynamic-int8\'.'],
  [{ to: 'int4', blockSize: 16 }, 'Try sensitive nodes in float ("exclude"), or \'dynamic-int8\'.'],
  [{ to: 'dynamic-int8' }, 'Try sensitive nodes in float ("exclude"), or \'float16\'.'],
])('the advice after %j is something new', (options, sentence) => {
  expect(advice(options)).toBe(sentence);
});

test('what was tried is no longer advised', () => {
  expect(advice({ to: 'static-int8' })).toMatch(/'percentile' or 'entropy'/);
  expect(advice({ to: 'static-int8', method: 'entropy' })).not.toMatch(/entropy|perChannel/);
  for (const to of ['static-int8', 'dynamic-int8'] as const) {
    expect(advice({ to, perChannel: false })).toContain('perChannel: true');
  }
});
