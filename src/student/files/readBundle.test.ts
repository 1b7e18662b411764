import { expect, test } from 'vitest';
import { packBundle } from './packBundle.ts';
import { readBundle } from './readBundle.ts';

const about = { name: 'x', inputs: {}, outputs: {} };
const artifacts = { modelTopology: {}, weightSpecs: [], weightData: new ArrayBuffer(0) };

test.each([0, -1, 1.5, Number.NaN])('%d bytes at most are refused', async (mostBytes) => {
  const bytes = await packBundle({ about, artifacts });
  await expect(readBundle(bytes, { mostBytes })).rejects.toMatchObject({ code: 'invalid-option' });
  expect((await readBundle(bytes)).manifest.name).toBe('x');
});

test('a whole bundle whose weights are not those of its model is the student’s fault', async () => {
  const weightSpecs = [{ name: 'w', shape: [2], dtype: 'float32' }];
  const bytes = await packBundle({ about, artifacts: { ...artifacts, weightSpecs } });
  await expect(readBundle(bytes)).rejects.toMatchObject({ code: 'student-invalid' });
});
