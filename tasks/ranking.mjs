// Search as one types: BM25 orders WordNet's glosses for queries of a few words; what its student, two towers of a few hundred
// kilobytes, finds first among all of them, and the same student trained on the few queries whose right answer is known.
import { nounsOf, randomFrom, shuffle } from './data/wordnet.mjs';

export const task = 'ranking';

/** Words too common to be asked for. */
const COMMON = new Set(
  'a an and any are as at be been but by can for from has have he her his if in into is it its more most not of on one or other some such than that the their them they this to two used usually was were when where which who with you your'.split(
    ' ',
  ),
);
const wordsOf = (text) => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/** Entries on things that people make (lexicographer's file 06): names and gloss, without its examples. */
async function entriesOf(count, below) {
  const entries = (await nounsOf()).flatMap(({ kind, names, meaning }) => {
    const length = wordsOf(meaning).length;
    const isEntry = kind === '06' && length >= 6 && length <= 18 && names.length <= 3;
    return isEntry ? [`${names.join(', ')}: ${meaning}`] : [];
  });
  return shuffle(entries, below).slice(0, count);
}

/** Two to four words of an entry in any order, no set of them twice. */
function queriesOf(entries, each, below) {
  return entries.flatMap((entry, answer) => {
    const words = [...new Set(wordsOf(entry).filter((word) => word.length > 2 && !COMMON.has(word)))];
    const found = new Map();
    for (let tries = 0; found.size < each && tries < 10 * each; tries++) {
      const picked = new Set();
      const wanted = Math.min(words.length, 2 + below(3));
      while (picked.size < wanted) picked.add(words[below(words.length)]);
      found.set([...picked].sort().join(' '), [...picked].join(' '));
    }
    return [...found.values()].map((text) => ({ text, answer }));
  });
}

export async function files({ entries = 1000, queriesEach = 12 } = {}) {
  const below = randomFrom(20);
  const documents = await entriesOf(entries, below);
  const queries = shuffle(queriesOf(documents, queriesEach, below), below);
  const parts = { development: queries.splice(0, 300), test: queries.splice(0, 500), train: queries };
  return { 'data/search.json': JSON.stringify({ documents, queries: parts, common: [...COMMON] }) };
}
