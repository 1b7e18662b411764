// The one place where the 10,000 handwritten digits of the package `mnist` are cut:
//   training      7,000
//   development   1,000   whatever is chosen (a number of steps, a rate, a threshold) is chosen by the score on these
//   test          2,000   scored once, when nothing is chosen any more
// Whoever chooses learns from training digits and is scored on development digits, and is not even served the others. When
// nothing is left to choose, all 8,000 that are no test digits are learned from: the 8,000 and the 2,000 of every table.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const PIXELS = 784;
const TEST = 2000;
const DEVELOPMENT = 1000;
const SPLIT_SEED = 20231;

/** The splits, each a list of { label, pixels }. */
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
  return {
    training: order.slice(TEST, -DEVELOPMENT),
    development: order.slice(-DEVELOPMENT),
    test: order.slice(0, TEST),
  };
}

/**
 * The files of a page: train.bin, train-labels.bin, holdout.bin, holdout-labels.bin; the train ones are learned from, the
 * holdout ones scored on.
 * @param {'score' | 'choose'} purpose 'score' for figures that are told; 'choose' has no test digit in it
 */
export async function digitFiles(purpose) {
  const { training, development, test } = await splitDigits();
  const [learned, scored] = purpose === 'choose' ? [training, development] : [[...training, ...development], test];
  const pixels = (digits) => Buffer.concat(digits.map((digit) => digit.pixels));
  const labels = (digits) => Buffer.from(digits.map(({ label }) => label));
  return {
    'train.bin': pixels(learned),
    'train-labels.bin': labels(learned),
    'holdout.bin': pixels(scored),
    'holdout-labels.bin': labels(scored),
  };
}

/** The same, as the `extra` files of a server: added to the demo's, or in place of them. */
export async function servedDigits(purpose) {
  const files = Object.entries(await digitFiles(purpose));
  return Object.fromEntries(
    files.map(([name, body]) => [`/demo/data/${name}`, { type: 'application/octet-stream', body }]),
  );
}

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
