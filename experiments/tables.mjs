// Writes the table and the pictures of each result file from what stands in it:  node experiments/tables.mjs
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { markdownOf } from './markdown.mjs';
import { pictureOf } from './picture.mjs';

/** What is written next to a result file: text by file name. */
export function tablesOf(result, name) {
  const pictures = result.scoredOn !== 'test' ? [] : ['few', 'all'].map((of) => [`${of}.svg`, pictureOf(result, of)]);
  return Object.fromEntries([[`${name}.md`, markdownOf(result)], ...pictures].filter(([, text]) => text !== undefined));
}

/** Writes them. `file` is that of the results. */
export async function writeTables(result, file) {
  const name = file.slice(dirname(file).length + 1).replace(/\.json$/, '');
  for (const [beside, text] of Object.entries(tablesOf(result, name)))
    await writeFile(join(dirname(file), beside), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL('results', import.meta.url));
  for (const name of await readdir(folder)) {
    if (name.endsWith('.json'))
      await writeTables(JSON.parse(await readFile(join(folder, name), 'utf8')), join(folder, name));
  }
}
