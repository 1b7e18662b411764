import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Examples, LabelledExamples } from './dataset.ts';
import { framesOf } from './framesOf.ts';
import type { ImageLike } from './images.ts';

// A picture of the right size goes through a canvas that does nothing; what browsers draw is tested in e2e/images.spec.ts.
beforeAll(() => {
  const canvas = class {
    getContext = () => ({});
  };
  vi.stubGlobal('OffscreenCanvas', canvas);
});
afterAll(() => vi.unstubAllGlobals());

const picture = (grey: number) =>
  ({
    [Symbol.toStringTag]: 'ImageData',
    width: 1,
    height: 1,
    data: Uint8ClampedArray.of(grey, grey, grey, 255),
  }) as unknown as ImageLike;
const shape = { width: 1, height: 1, channels: 1 } as const;

async function all(frames: AsyncIterable<Examples>): Promise<Examples[]> {
  const found: Examples[] = [];
  for await (const frame of frames) found.push(frame);
  return found;
}

test('gives what is shown at each time, with its class', async () => {
  let shown = 0;
  const found = await all(framesOf(() => picture(51 * shown++), { ...shape, frames: 3, everyMs: 0, label: 4 }));
  expect(found.map(({ inputs }) => Number(inputs['input']?.data[0]?.toFixed(3)))).toEqual([0, 0.2, 0.4]);
  expect(found.map((frame) => [...(frame as LabelledExamples).labels])).toEqual([[4], [4], [4]]);
  expect(found[0]?.inputs['input']?.shape).toEqual([1, 1, 1, 1]);
});

test('without a class gives none, and ends when it is told to', async () => {
  const controller = new AbortController();
  const show = () => {
    controller.abort();
    return picture(255);
  };
  const frames = framesOf(show, { ...shape, frames: 9, everyMs: 0, signal: controller.signal });
  await expect(all(frames)).rejects.toMatchObject({ name: 'AbortError' });
  const [frame] = await all(framesOf(() => picture(255), { ...shape, frames: 1 }));
  expect(frame).not.toHaveProperty('labels');
});

test('refuses no frames', async () => {
  await expect(all(framesOf(() => picture(0), { ...shape, frames: 0 }))).rejects.toMatchObject({
    code: 'invalid-option',
  });
});
