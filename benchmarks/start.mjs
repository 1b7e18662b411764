// `npm start` twice, as a person starts it: from nothing, and again with the answers that the first start kept.
// Usage: node benchmarks/start.mjs [--json FILE]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensureBuilt, ensureChromium, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';
import { writeResult } from './writeResult.mjs';

const { values } = parseArgs({ options: { json: { type: 'string' } } });
process.chdir(root);
ensurePackages();
const executablePath = ensureChromium();
ensureBuilt();
const browser = /[\d.]+/.exec(spawnSync(executablePath, ['--version'], { encoding: 'utf8' }).stdout)?.[0];

/**
 * What a start reports, without what only its page shows, and the seconds that its command took: there is one first start, and
 * nothing to warm up.
 */
function start(...flags) {
  const file = 'out/benchmarkStart.json';
  const startedAt = performance.now();
  const { status } = spawnSync('node', ['scripts/start.mjs', ...flags, '--json', file], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm start ended with ${status}`);
  const { confusion: _confusion, disagreements: _pictures, ...report } = JSON.parse(readFileSync(file, 'utf8'));
  return { ...report, seconds: (performance.now() - startedAt) / 1000 };
}

const result = {
  machine: machineName(),
  browser,
  date: new Date().toISOString(),
  first: start('--fresh'),
  second: start(),
};
await writeResult(values.json, result);
