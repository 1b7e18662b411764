// Pictures of clothes: a residual net knows Fashion-MNIST from many labels and is opened again as an ONNX file; what a small net
// that learns from its answers tells apart, and the same net trained on the few pictures whose label its user has.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { installDebianPackages } from '../scripts/ensure.mjs';

export const task = 'classification';

const FOLDER = '/usr/share/datasets/fashion-mnist';
const PIXELS = 28 * 28;
/** The headers of images and labels in the format IDX: what it is, and the lengths of its axes. */
const [IMAGES_FROM, LABELS_FROM] = [16, 8];

export const isThere = () => existsSync(FOLDER);

/** Installs the pictures where that is possible, and otherwise says what to install. */
export function ensure() {
  if (!isThere()) installDebianPackages(['dataset-fashion-mnist'], 'The pictures of Fashion-MNIST are needed.');
}

async function readPart(name) {
  const read = async (file) => gunzipSync(await readFile(join(FOLDER, file)));
  const [images, labels] = await Promise.all([
    read(`${name}-images-idx3-ubyte.gz`),
    read(`${name}-labels-idx1-ubyte.gz`),
  ]);
  return { images: images.subarray(IMAGES_FROM), labels: labels.subarray(LABELS_FROM) };
}

/**
 * What the page needs, by name: for each split the pixels, and behind all of them a label each. The training pictures are cut
 * into the teacher's, the user's and those for choices, in the order of the file, which is mixed; the test pictures are those of
 * the data set.
 */
export async function files({ pictures = { teacher: 8000, student: 5000, development: 1000, test: 2000 } } = {}) {
  const [known, unseen] = [await readPart('train'), await readPart('t10k')];
  let from = 0;
  const parts = Object.entries(pictures).map(([split, count]) => {
    const [{ images, labels }, start] = split === 'test' ? [unseen, 0] : [known, from];
    if (split !== 'test') from += count;
    const own = [images.subarray(start * PIXELS, (start + count) * PIXELS), labels.subarray(start, start + count)];
    return [`data/clothes-${split}.bin`, Buffer.concat(own)];
  });
  return Object.fromEntries(parts);
}
