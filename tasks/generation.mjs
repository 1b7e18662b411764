// A writer of definitions: a transformer learns WordNet's glosses character by character and is opened again as an ONNX file; how
// well its student, which begins as half of it, foresees unseen glosses, and the same beginning trained on the same texts alone.
import { nounsOf, randomFrom, shuffle } from './data/wordnet.mjs';

export const task = 'generation';

/** A line break begins and ends each text. */
const ALPHABET = "\n abcdefghijklmnopqrstuvwxyz-',()";
/** The longest text, its line breaks included. */
const LONGEST = 64;
const WRITABLE = new RegExp(`^[${ALPHABET.replaceAll('-', '\\-')}]+$`);

/** Meanings in a fixed order; each stands in one split only. */
async function textsOf(counts) {
  const meanings = (await nounsOf()).map(({ meaning }) => `\n${meaning.toLowerCase()}\n`);
  const own = [...new Set(meanings)].filter(
    (text) => text.length >= 24 && text.length <= LONGEST && WRITABLE.test(text),
  );
  shuffle(own, randomFrom(20));
  return Object.fromEntries(Object.entries(counts).map(([split, count]) => [split, own.splice(0, count)]));
}

/** What the page needs, by name. */
export async function files({
  texts = { teacher: 9600, validation: 200, development: 300, test: 500, student: 2000 },
} = {}) {
  const all = { alphabet: ALPHABET, length: LONGEST - 1, texts: await textsOf(texts) };
  return { 'data/texts.json': JSON.stringify(all) };
}
