// Runs in a page: datasets from what only a browser has.
import { type AudioLike, fromAudio, fromImages, fromText, type ImageLike } from 'limbeck';

const RATE = 24_000;

async function sounds() {
  const samples = Float32Array.from({ length: 1200 }, (_, i) => Math.round(20_000 * Math.sin(i / 9)) / 32_768);
  const blob = wavFile(
    1,
    16,
    Int16Array.from(samples, (value) => value * 32_768),
  );
  const context = new OfflineAudioContext(1, 1200, RATE);
  const buffer = context.createBuffer(2, 1200, RATE);
  buffer.copyToChannel(samples, 0);
  buffer.copyToChannel(samples, 1);
  const decoded = await context.decodeAudioData(await blob.arrayBuffer());
  const all: AudioLike[] = [{ samples, sampleRate: RATE }, blob, buffer, decoded];
  const same = await rowsOf(all, { sampleRate: RATE, samples: 1200 });
  const resampled = await rowsOf(all, { sampleRate: 16_000, seconds: 0.05 });
  const compare = (rows: Float32Array[]) => [1, 2].map((i) => difference(rows[0], rows[i]));
  return {
    same: compare(same),
    resampled: compare(resampled),
    decoded: Math.max(difference(same[0], same[3]), difference(resampled[0], resampled[3])),
    length: resampled[0]?.length,
  };
}

/** µ-law, which the package leaves to the browser: 0x80 is as loud as it gets, 0xff is nothing. */
async function otherFiles() {
  const blob = wavFile(
    7,
    8,
    Uint8Array.from({ length: 400 }, (_, i) => (i < 200 ? 0x80 : 0xff)),
  );
  const [row] = await rowsOf([blob], { sampleRate: RATE, samples: 400 });
  const broken = rowsOf([new Blob(['no sound at all'])], { samples: 10 });
  const code = await broken.then(
    () => 'none',
    (error) => error.code as string,
  );
  return { loud: row?.[100], quiet: row?.[300], code };
}

async function pictures() {
  const canvas = draw(4, 2);
  const image = new Image();
  image.src = canvas.toDataURL();
  await image.decode();
  // Its size on the page is not the picture's.
  image.width = 40;
  const frame = new VideoFrame(canvas, { timestamp: 0 });
  const images: ImageLike[] = [canvas, image, frame, await createImageBitmap(canvas)];
  const { input } = (await fromImages(images, { width: 4, height: 2 }).read(Int32Array.of(0, 1, 2, 3))).inputs;
  const row = (i: number) => input?.data.subarray(i * 24, (i + 1) * 24) as Float32Array;
  frame.close();
  const fitted = async (fit: 'contain' | 'cover') => {
    const data = fromImages([draw(16, 8, fit)], { width: 4, height: 4, channels: 1, fit });
    const values = (await data.read(Int32Array.of(0))).inputs['input']?.data ?? [];
    return [0, 4, 8, 12].map((at) => Array.from(values.slice(at, at + 4), Math.round).join(''));
  };
  let code = 'none';
  try {
    fromImages([new Image()], { width: 4, height: 4 });
  } catch (error) {
    code = (error as { code: string }).code;
  }
  return {
    differences: [1, 2, 3].map((i) => difference(row(0), row(i))),
    contain: await fitted('contain'),
    cover: await fitted('cover'),
    code,
  };
}

async function texts() {
  const tokenizer = {
    'tokenizer.json': {
      pre_tokenizer: { type: 'Whitespace' },
      model: { type: 'WordPiece', unk_token: '?', vocab: { '?': 0, good: 1, film: 2, bad: 3 } },
    },
  };
  const { inputs } = await fromText(['good film', 'bad'], { tokenizer, maxLength: 3 }).read(Int32Array.of(0, 1));
  return { ids: [...(inputs['input_ids']?.data ?? [])], mask: [...(inputs['attention_mask']?.data ?? [])] };
}

/** What the page offers, by the noun that it is about. */
export const inputResults = { sounds, 'files of other kinds': otherFiles, pictures, texts };

async function rowsOf(all: AudioLike[], options: Parameters<typeof fromAudio>[1]): Promise<Float32Array[]> {
  const { input } = (await fromAudio(all, options).read(Int32Array.from(all, (_, i) => i))).inputs;
  const length = input?.shape[1] as number;
  return all.map((_, i) => input?.data.slice(i * length, (i + 1) * length) as Float32Array);
}

function difference(a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number {
  return a.length === b.length ? a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 9))), 0) : 9;
}

function wavFile(tag: number, bits: number, data: Int16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>): Blob {
  const head = new DataView(new ArrayBuffer(44));
  const text = (at: number, word: string) => {
    for (let i = 0; i < 4; i++) head.setUint8(at + i, word.charCodeAt(i));
  };
  text(0, 'RIFF');
  head.setUint32(4, 36 + data.byteLength, true);
  text(8, 'WAVE');
  text(12, 'fmt ');
  head.setUint32(16, 16, true);
  head.setUint16(20, tag, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, RATE, true);
  head.setUint32(28, (RATE * bits) / 8, true);
  head.setUint16(32, bits / 8, true);
  head.setUint16(34, bits, true);
  text(36, 'data');
  head.setUint32(40, data.byteLength, true);
  return new Blob([head.buffer, data], { type: 'audio/wav' });
}

/** Coloured columns; white for 'contain', and white at the left half for 'cover'. */
function draw(width: number, height: number, fit?: 'contain' | 'cover'): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  for (let x = 0; x < width; x++) {
    const isWhite = fit === 'contain' || (fit === 'cover' && x < width / 2);
    const colour = ['#ff0000', '#00ff00', '#0000ff', '#ffffff'][x % 4] as string;
    context.fillStyle = fit === undefined ? colour : isWhite ? '#ffffff' : '#000000';
    context.fillRect(x, 0, 1, height);
  }
  return canvas;
}
