import { expect, test } from 'vitest';
import type { QuantizeOptions } from '../quantizeOptions.ts';
import { adviceFor } from './tolerance.ts';

test.each<[QuantizeOptions, string]>([
  [{ to: 'float16' }, 'Try sensitive nodes in float ("exclude").'],
  [{ to: 'float16', float16: 'graph' }, 'Try float16: \'weights\', or sensitive nodes in float ("exclude").'],
  [{ to: 'int4' }, 'Try a smaller "blockSize", sensitive nodes in float ("exclude"), or \'dynamic-int8\'.'],
  [{ to: 'int4', blockSize: 16 }, 'Try sensitive nodes in float ("exclude"), or \'dynamic-int8\'.'],
  [{ to: 'dynamic-int8' }, 'Try sensitive nodes in float ("exclude"), or \'float16\'.'],
])('what is advised after %j was not done already', (options, sentence) => {
  expect(adviceFor(options)).toBe(sentence);
});

test('a way that was taken is advised no more', () => {
  expect(adviceFor({ to: 'static-int8' })).toMatch(/'percentile' or 'entropy'/);
  expect(adviceFor({ to: 'static-int8', method: 'entropy' })).not.toMatch(/entropy|perChannel/);
  for (const to of ['static-int8', 'dynamic-int8'] as const) {
    expect(adviceFor({ to, perChannel: false })).toContain('perChannel: true');
  }
});
