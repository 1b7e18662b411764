import { expect, test, vi } from 'vitest';
import type { LoadTeacherOptions } from './onnxOptions.ts';
import { openTeacher } from './onnxTeacher.ts';
import { fakeHouse } from './session/sessionCases.ts';

const model = { files: { model: new Blob(['12345']), externalData: [] }, name: 'fake', notices: [] };
const batch = (count: number) => ({ x: { data: new Float32Array(count), shape: [count, 1] } });
const open = (house: ReturnType<typeof fakeHouse>, options: LoadTeacherOptions = {}) =>
  openTeacher(model, { device: 'wasm', ...options }, house.start);

test('where memory is short one thread and small batches are used, unless threads are asked for', async () => {
  vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)' });
  const house = fakeHouse({});
  const teacher = await open(house);
  await teacher.ask(batch(2));
  for (let i = 0; i < 20; i++) {
    const next = teacher.nextBatchSize?.() ?? Number.NaN;
    expect(next).toBeLessThanOrEqual(4);
    await teacher.ask(batch(next));
  }
  expect(teacher.description.notices).toContainEqual(expect.stringMatching(/^iOS ends pages/));
  await open(house, { threads: 2 });
  vi.unstubAllGlobals();
  expect(house.log.filter((line) => line.startsWith('open'))).toEqual(['open wasm 1', 'open wasm 2']);
});
