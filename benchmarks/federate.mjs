// What a federation gives and what it stands, in parts, each of which can be measured alone and is then put into the file beside the
// others; benchmarks/federate/ has a file for each, which says how to read its numbers.
//   strategies  how good students become when classes differ from client to client, and what travels
//   poisoned    the same while two of ten clients send poison
//   faults      what is lost when processes and servers are killed
//   secure      whether masked sums are exact
//   scale       aggregation of ever more clients, and what a cluster of servers carries: times, for a machine that does nothing else
// Usage: npm run bench:federate -- [--json FILE] [--parts strategies,poisoned,faults,secure,scale] [--only NAME…] [--development]
//        [--scale 10,100,1000,10000] and the numbers of DEFAULTS, such as --seeds 3
//
// Students learn from training digits. Choices are made with --development, on digits that no figure is about; without it the 2,000
// test digits are read.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { openDigits } from './federate/digits.mjs';
import { measureFaults } from './federate/faults.mjs';
import { measurePoisoned } from './federate/poisoned.mjs';
import { measureCarrier, measureScale } from './federate/scale.mjs';
import { measureSecure } from './federate/secure.mjs';
import { measureStrategies } from './federate/strategies.mjs';
import { machineName } from './machine.mjs';

const DEFAULTS = {
  ...{ seeds: 3, clients: 10, rounds: 5, epochs: 40, alpha: 0.1, examples: 2000 },
  ...{ poisonSeeds: 3, poisonRounds: 30, poisonEpochs: 4, poisonAlpha: 10 },
  ...{ faultKills: 20, faultKillsInRun: 2, faultMinutes: 60, faultClients: 4, faultRounds: 12, faultEpochs: 2 },
  ...{ faultExamples: 300, faultAlpha: 1, secureClients: 12, objectBytes: 200_000 },
};

/** What each part measures: its entries of the file, which it also gives to `save` as far as they are there. */
const PARTS = {
  strategies: (digits, trainer, settings, save) =>
    measureStrategies(
      ...[digits, trainer, settings, (strategies) => save({ strategies })],
      async () => (await rowsAlike('strategies')).strategies,
    ),
  poisoned: (digits, trainer, settings, save) =>
    measurePoisoned(digits, trainer, settings, (poisoned) => save({ poisoned })),
  faults: (digits, _, settings, save) => measureFaults(digits, settings, (faults) => save({ faults })),
  secure: async (digits, _, settings, save) => save({ secure: await measureSecure(digits, settings) }),
  scale: async (digits, trainer, settings, save) => {
    const scale = await measureScale(digits, trainer, settings.scale);
    await save({ scale, carrier: await measureCarrier(digits.federated, settings) });
  },
};

const numbers = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, { type: 'string' }]));
const { values } = parseArgs({
  options: {
    ...numbers,
    json: { type: 'string' },
    parts: { type: 'string', default: Object.keys(PARTS).join() },
    only: { type: 'string', multiple: true },
    scale: { type: 'string', default: '10,100,1000,10000' },
    development: { type: 'boolean', default: false },
  },
});
const { json, parts, only, scale, development: isDevelopment, ...given } = values;
const wanted = parts.split(',');
const unknown = wanted.find((name) => !Object.hasOwn(PARTS, name));
if (unknown !== undefined)
  throw new Error(`There is no part "${unknown}"; there are ${Object.keys(PARTS).join(', ')}.`);
const settings = {
  ...DEFAULTS,
  ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, Number(value)])),
};
const digits = await openDigits({ isDevelopment });
const trainer = await digits.limbeck.openTrainer({ worker: 'none' });
for (const name of wanted) {
  console.log(`── ${name}`);
  let measured = {};
  const save = async (some) => {
    measured = some;
    if (json !== undefined) await put(name, some);
  };
  await PARTS[name](digits, trainer, { ...settings, only, scale: scale.split(',').map(Number) }, save);
  if (json === undefined) console.log(JSON.stringify(measured, undefined, 2));
}
await trainer[Symbol.asyncDispose]();

/** Into the file at once: what was measured stays when the rest fails or is stopped, and so does what an earlier run has put there. */
async function put(name, measured) {
  const { about = {}, ...before } = await earlier();
  const result = { ...before, ...measured, about };
  const alike = await rowsAlike(name);
  // Rows of the names that were not asked for.
  for (const [entry, of] of Object.entries({ strategies: 'name', poisoned: 'combine' })) {
    if (measured[entry] === undefined || only === undefined) continue;
    result[entry] = [...alike[entry].filter((row) => !only.includes(row[of])), ...measured[entry]];
  }
  about[name] = { date: new Date().toISOString(), machine: machineName(), isDevelopment, ...settings };
  await mkdir(dirname(json), { recursive: true });
  await writeFile(json, `${JSON.stringify(result, undefined, 2)}\n`);
}

/** The settings that decide what rows of a part say; those of other parts may have changed since. */
function deciding(name, { machine, isDevelopment: isOther, ...all }) {
  const own = {
    strategies: ['seeds', 'clients', 'rounds', 'epochs', 'alpha', 'examples'],
    poisoned: ['clients', 'examples', 'poisonSeeds', 'poisonRounds', 'poisonEpochs', 'poisonAlpha'],
  };
  return [machine, isOther, ...(own[name] ?? Object.keys(all)).map((setting) => all[setting])];
}

/** What the file has of this part, if that was measured with the same settings. */
async function rowsAlike(name) {
  const { about = {}, strategies = [], poisoned = [] } = await earlier();
  const now = { machine: machineName(), isDevelopment, ...settings };
  const isAlike = isDeepStrictEqual(deciding(name, about[name] ?? {}), deciding(name, now));
  return isAlike ? { strategies, poisoned } : { strategies: [], poisoned: [] };
}

async function earlier() {
  return json === undefined ? {} : JSON.parse(await readFile(json, 'utf8').catch(() => '{}'));
}
