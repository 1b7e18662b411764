// Digits as the library's datasets, and the library as it is published: what every part of `npm run bench:federate` works with.
import { ensureBuilt, ensurePackages, root } from '../../scripts/ensure.mjs';

export const PIXELS = 784;
export const CLASSES = 10;

/**
 * @param {{ isDevelopment: boolean }} options choices are scored on development digits, figures on test digits
 */
export async function openDigits({ isDevelopment }) {
  process.chdir(root);
  ensurePackages();
  ensureBuilt();
  const [limbeck, federated, { splitDigits }] = await Promise.all([
    import('../../dist/index.js'),
    import('../../dist/federate.js'),
    import('../../scripts/digitSplits.mjs'),
  ]);
  const { training, development, test } = await splitDigits();
  const datasetOf = (digits) => datasetOfDigits(limbeck, digits);
  const student = (hidden) => () => limbeck.mlp({ inputShape: [28, 28, 1], hidden, classes: CLASSES });
  return { limbeck, federated, training, datasetOf, student, held: isDevelopment ? development : test };
}

/** Pixels from 0 to 255 become numbers from 0 to 1. */
export function datasetOfDigits({ fromArrays }, digits) {
  const data = new Float32Array(digits.length * PIXELS);
  for (const [i, { pixels }] of digits.entries()) {
    for (let at = 0; at < PIXELS; at++) data[i * PIXELS + at] = pixels[at] / 255;
  }
  return fromArrays(
    { data, shape: [digits.length, 28, 28, 1] },
    digits.map(({ label }) => label),
  );
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
