// Measures every figure of README, FEATURES and docs/ on this machine, one benchmark after the other, and writes their tables.
// Takes about an hour and a half on a machine that must do nothing else.
// Usage: npm run bench:all [-- NAME…]   (names of files in benchmarks/results, without .json)
import { spawnSync } from 'node:child_process';
import { root } from '../scripts/ensure.mjs';

const COMMANDS = {
  start: ['benchmarks/start.mjs'],
  train: ['benchmarks/train.mjs'],
  tokens: ['benchmarks/tokens.mjs'],
  teacher: ['benchmarks/teacher.mjs'],
  engines: ['benchmarks/engines.mjs', '--budget', '120'],
  personalize: ['benchmarks/personalize.mjs', '--methods', '--people', 'both', '--fresh'],
  quantizationAware: ['benchmarks/quantizationAware.mjs'],
  losses: ['benchmarks/losses.mjs'],
  method: ['benchmarks/method.mjs'],
  conformance: ['scripts/conformance.mjs'],
  soak: ['scripts/soak.mjs', '--minutes', '30', '--plot', 'docs/soak.svg'],
  canary: ['scripts/canary.mjs'],
};

/** Where a command writes the data of the tables, if not by --json. */
const INTO = { conformance: '--summary' };

process.chdir(root);
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in COMMANDS));
if (unknown !== undefined)
  throw new Error(`There is no result "${unknown}"; there are ${Object.keys(COMMANDS).join(', ')}.`);
const failed = [];
for (const [name, command] of Object.entries(COMMANDS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`── ${name}`);
  const { status } = spawnSync('node', [...command, INTO[name] ?? '--json', `benchmarks/results/${name}.json`], {
    stdio: 'inherit',
  });
  if (status !== 0) failed.push(name);
}
await import('../scripts/docsTables.mjs').then(({ writeTables }) => writeTables());
if (failed.length > 0)
  throw new Error(`These failed, so their results are as they were or say so: ${failed.join(', ')}.`);
