// Whether the ε that `personalize` tells is true: many runs with and without one example that is made to be seen, and what
// they show of ε at least, beside what was told. Then the same with noise, clipping or the guard's chance broken on purpose:
// what is shown must stay below what is told where nothing is broken, and rise above it where something is.
// Usage: npm run canary -- [--runs N] [--epsilon E] [--seed N] [--only steps|guard|either] [--json FILE]
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePackages } from './ensure.mjs';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    epsilon: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const { only } = options;
const [runs, epsilon, seed] = [options.runs, options.epsilon, options.seed].map(Number);
if (!(Number.isInteger(runs) && runs >= 2)) throw new Error('--runs takes a whole number of 2 or more.');
if (!(epsilon > 0 && Number.isInteger(seed))) throw new Error('--epsilon is above 0, and --seed a whole number.');
if (![undefined, 'steps', 'guard', 'either'].includes(only)) throw new Error('--only takes steps, guard or either.');

ensurePackages();
const { audit } = await import('./canary/audit.mjs');
// tfjs prints a greeting in Node.
console.warn = () => undefined;

console.log(`${runs} runs with and ${runs} without one example each; what they show holds with 95 %.`);
console.log(`${'example met by'.padEnd(18)}${'broken'.padEnd(12)}${'told ε'.padStart(8)}${'shown ε ≥'.padStart(12)}`);
const rows = [];
for await (const row of audit({ runs, epsilon, seed, places: only && [only] })) {
  rows.push(row);
  const figures = `${row.epsilonTold.toFixed(3).padStart(8)}${row.epsilonShown.toFixed(3).padStart(12)}`;
  console.log(`${row.place.padEnd(18)}${row.broken.padEnd(12)}${figures}${row.isAsItShould ? '' : '   WRONG'}`);
}
if (options.json) writeFileSync(resolve(options.json), `${JSON.stringify({ runs, epsilon, seed, rows }, null, 2)}\n`);
if (rows.some((row) => !row.isAsItShould)) process.exitCode = 1;
