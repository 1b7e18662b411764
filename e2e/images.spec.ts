import { expect, test } from './fixtures.ts';

test('images of every kind become the same pixels', async ({ page, serveDist }) => {
  await page.goto(`${await serveDist()}/empty.html`);
  const result = await page.evaluate(async () => {
    const script = '/index.js';
    const { fromImages } = (await import(script)) as typeof import('limbeck');
    const canvas = Object.assign(document.createElement('canvas'), { width: 4, height: 2 });
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    for (const [i, colour] of ['#ff0000', '#00ff00', '#0000ff', '#ffffff'].entries()) {
      context.fillStyle = colour;
      context.fillRect(i, 0, 1, 2);
    }
    const blob = await new Promise<Blob>((resolve) => canvas.toBlob((b) => resolve(b as Blob)));
    const images = [canvas, context.getImageData(0, 0, 4, 2), await createImageBitmap(canvas), blob];
    const colour = fromImages(images, { width: 4, height: 2 });
    const grey = fromImages(images, { width: 4, height: 2, channels: 1 }, [3, 2, 1, 0]);
    const all = Int32Array.of(0, 1, 2, 3);
    const scaled = await fromImages([canvas], { width: 8, height: 4 }).read(Int32Array.of(0));
    const greyRead = await grey.read(all);
    const input = (await colour.read(all)).inputs['input'];
    return {
      spec: colour.inputs,
      shape: input?.shape,
      rows: [0, 1, 2, 3].map((i) => Array.from(input?.data.subarray(i * 24, i * 24 + 12) ?? [])),
      grey: Array.from(greyRead.inputs['input']?.data.subarray(0, 4) ?? []),
      labels: Array.from(greyRead.labels),
      scaledShape: scaled.inputs['input']?.shape,
      hasLabels: [colour.hasLabels, grey.hasLabels],
    };
  });
  expect(result.spec).toEqual({ input: { shape: [2, 4, 3], dtype: 'float32' } });
  expect(result.shape).toEqual([4, 2, 4, 3]);
  const expected = [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1];
  const close = (values: number[], wanted: number[]) => {
    for (const [i, value] of wanted.entries()) expect(values[i]).toBeCloseTo(value, 5);
  };
  for (const row of result.rows) close(row, expected);
  close(result.grey, [0.299, 0.587, 0.114, 1]);
  expect(result.labels).toEqual([3, 2, 1, 0]);
  expect(result.scaledShape).toEqual([1, 4, 8, 3]);
  expect(result.hasLabels).toEqual([false, true]);
});
