// Whether limbeck runs where JavaScript runs. Each row of places/rows/ installs the packed tarball as a user does, builds or
// starts the real thing, and fails with a sentence. Packages of a row are installed only when one that needs them runs.
//   npm run test:places -- [NAME…] [--json FILE] [--keep] [--root]     --root: only rows that need no more packages
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt, ensurePackages, root } from '../scripts/ensure.mjs';
import { installPacked } from '../scripts/packed.mjs';

const places = join(root, 'places');

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, keep: { type: 'boolean' }, root: { type: 'boolean' } },
});
const jsonFile = options.json && resolve(options.json);

process.chdir(root);
ensurePackages();

/**
 * @typedef {object} Row
 * @property {string} name as in its file's name
 * @property {string} title for people
 * @property {'root' | 'places'} [packages] where what it needs is installed; default 'places', with limbeck's peers
 * @property {boolean} [works] false where limbeck cannot work: the row then checks the error that says so
 * @property {(context: import('./context.mjs').Context) => Promise<string>} run gives a note for people, or throws
 */
const files = readdirSync(join(places, 'rows')).filter((file) => file.endsWith('.mjs'));
const all = await Promise.all(files.map(async (file) => (await import(`./rows/${file}`)).default));
const unknown = names.filter((name) => !all.some((row) => row.name === name));
if (unknown.length > 0) {
  throw new Error(`No such place: ${unknown.join(', ')}. There are ${all.map(({ name }) => name).join(', ')}.`);
}
const rows = all
  .filter(({ name, packages }) => (names.length > 0 ? names.includes(name) : !options.root || packages === 'root'))
  .sort((one, other) => one.name.localeCompare(other.name));

ensureBuilt();
if (rows.some(({ packages }) => packages !== 'root')) ensurePackages('places');
installPacked(places);
const { openContext } = await import('./context.mjs');

const former =
  names.length > 0 && jsonFile && existsSync(jsonFile) ? JSON.parse(readFileSync(jsonFile, 'utf8')).places : [];
const isFailure = ({ note }) => note.startsWith('failed: ');
const results = [];
let failed = 0;
for (const row of rows) {
  console.log(`── ${row.title}`);
  const startedAt = performance.now();
  const context = openContext(row.name, { isKept: options.keep === true });
  let [works, note] = [row.works ?? true, ''];
  try {
    note = await row.run(context);
  } catch (error) {
    failed += 1;
    [works, note] = [false, `failed: ${error.message}`];
    console.log(error.stack);
  } finally {
    await context.close();
  }
  const ms = Math.round(performance.now() - startedAt);
  results.push({ name: row.name, title: row.title, works, ms, note });
  writeResults();
  console.log(`── ${row.title}, ${(ms / 1000).toFixed(0)} s: ${note}\n`);
}
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && results.length > 0 ? 0 : 1);

/**
 * After each row, so that what is known is kept where a later one never ends. Where only some rows were asked for, what the file
 * says of the others stays.
 */
function writeResults() {
  if (jsonFile === undefined) return;
  const others = former.filter(
    ({ name }) => !results.some((one) => one.name === name) && all.some((row) => row.name === name),
  );
  const places = [...others, ...results].sort((one, other) => one.name.localeCompare(other.name));
  mkdirSync(dirname(jsonFile), { recursive: true });
  writeFileSync(jsonFile, `${JSON.stringify({ failed: places.filter(isFailure).length, places }, null, 2)}\n`);
}
