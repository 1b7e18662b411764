// On the page: photos of a megapixel, made here, distilled from files by limbeck as an application uses it.
import { cnn, distill, fromFunction, fromImages, openTrainer } from 'limbeck';

const [WIDTH, HEIGHT] = [1152, 868];
const CLASSES = 10;

/** Smooth shapes at several sizes with a camera's noise over them, which take about as long to decode as a photo. */
async function makePhotos(count: number): Promise<Blob[]> {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const noiseOf = (width: number, height: number, alpha: number) => {
    const image = new ImageData(width, height);
    for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? alpha : 256 * random();
    return createImageBitmap(image);
  };
  const grain = await noiseOf(WIDTH, HEIGHT, 24);
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  const photos: Blob[] = [];
  for (let i = 0; i < count; i++) {
    for (const [size, alpha] of [
      [4, 255],
      [16, 120],
      [72, 60],
      [288, 40],
    ] as const) {
      using shapes = closing(await noiseOf(size, Math.round(size * 0.75), alpha));
      context.drawImage(shapes.bitmap, 0, 0, WIDTH, HEIGHT);
    }
    context.drawImage(grain, 0, 0);
    photos.push(await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 }));
  }
  return photos;
}

const closing = (bitmap: ImageBitmap) => ({ bitmap, [Symbol.dispose]: () => bitmap.close() });

let photos: Blob[] = [];

async function make(count: number) {
  photos = await makePhotos(count);
  const bytes = photos.reduce((sum, { size }) => sum + size, 0);
  return { photos: count, width: WIDTH, height: HEIGHT, bytesPerPhoto: Math.round(bytes / count) };
}

/** A teacher that costs next to nothing, so that what is measured is the photos' way: a class for each mean brightness. */
function meansTeacher() {
  return fromFunction(
    ({ input }) => {
      const { data, shape } = input as { data: Float32Array; shape: readonly number[] };
      const [count = 0] = shape;
      const length = data.length / count;
      const logits = new Float32Array(count * CLASSES);
      for (let i = 0; i < count; i++) {
        let sum = 0;
        for (let at = i * length; at < (i + 1) * length; at++) sum += data[at] as number;
        for (let c = 0; c < CLASSES; c++) logits[i * CLASSES + c] = -100 * (sum / length - 0.4 - c / 50) ** 2;
      }
      return { logits: { data: logits, shape: [count, CLASSES] } };
    },
    { name: 'means' },
  );
}

async function train(size: number, epochs: number) {
  let decoded = 0;
  const decode = globalThis.createImageBitmap;
  globalThis.createImageBitmap = ((...args: Parameters<typeof decode>) => {
    decoded++;
    return decode(...args);
  }) as typeof decode;
  try {
    await using trainer = await openTrainer();
    const data = fromImages(photos, { width: size, height: size, fit: 'cover' });
    const student = cnn({ inputShape: [size, size, 3], classes: CLASSES });
    const startedAt = performance.now();
    const run = distill({ teacher: meansTeacher(), student, data, epochs, batchSize: 32, seed: 1, trainer });
    let firstStepMs: number | undefined;
    for await (const event of run) if (event.type === 'step') firstStepMs ??= performance.now() - startedAt;
    const { report } = await run.done;
    const totalMs = performance.now() - startedAt;
    const weights = new Uint8Array(student.artifacts?.weightData ?? new ArrayBuffer(0));
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', weights));
    return {
      totalMs,
      firstStepMs,
      epochMs: report.epochs.map(({ ms }) => ms),
      decodedPerPhoto: decoded / photos.length,
      weights: Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(''),
    };
  } finally {
    globalThis.createImageBitmap = decode;
  }
}

(globalThis as unknown as { bench: object }).bench = { make, train };
