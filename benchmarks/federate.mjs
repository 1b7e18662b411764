// How good students become in a federation of clients whose classes differ (Dirichlet), on digits, beside the best client that learned
// alone and one student that learned all digits, each for as many steps; and what travels.
// Usage: npm run bench:federate -- [--json FILE] [--seeds 3] [--clients 10] [--rounds 20] [--alpha 0.1] [--examples 4000]
//        [--only NAME…] [--development] [--scale 10,100,1000]
//
// How to read the numbers. `examples` digits are divided among the clients, each with as many as the others; 1,000 further ones,
// without labels, are public. All are scored on the 2,000 test digits; settings were chosen with --development, on digits that no
// figure is about.
//   accuracy                mean over the seeds, after the last round; for strategies whose clients have students of their own,
//                           the mean of all clients
//   bestAlone               of the clients that learned alone, the best one's
//   centralAccuracy         of one student on all clients' digits
//   bytesPerClientPerRound  all entries and objects that a client gives to the transport or gets from it
//   curves                  accuracy after each round, for each seed
// `scale`: one round of ever more clients with two examples each and a student of few weights, over a loopback. `aggregateMs` is what
// whoever aggregates takes to read, check and average all updates, `bytes` are those of the updates.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt, ensurePackages, root } from '../scripts/ensure.mjs';
import { machineName } from './machine.mjs';

const PUBLIC = 1000;
const HIDDEN = [64];

/**
 * @param {{ seeds?: number, clients?: number, rounds?: number, alpha?: number, examples?: number, only?: readonly string[],
 *   isDevelopment?: boolean, scale?: readonly number[] }} options
 */
export async function measureFederate(options = {}) {
  const {
    seeds = 3,
    clients = 10,
    rounds = 20,
    alpha = 0.1,
    examples = 4000,
    only,
    isDevelopment = false,
    scale = [],
  } = options;
  process.chdir(root);
  ensurePackages();
  ensureBuilt();
  const [limbeck, federated, { splitDigits }] = await Promise.all([
    import('../dist/index.js'),
    import('../dist/federate.js'),
    import('../scripts/digitSplits.mjs'),
  ]);
  const { fromArrays, mlp, openTrainer, withoutLabels } = limbeck;
  const { fedAdam, fedAvg, fedDf, fedMd, fedProx, fedYogi, sharedPatch, simulate } = federated;
  const { training, development, test } = await splitDigits();
  const datasetOf = (digits) => {
    const pixels = new Float32Array(digits.length * 784);
    for (const [i, digit] of digits.entries()) {
      for (let at = 0; at < 784; at++) pixels[i * 784 + at] = digit.pixels[at] / 255;
    }
    return fromArrays(
      { data: pixels, shape: [digits.length, 28, 28, 1] },
      digits.map(({ label }) => label),
    );
  };
  const data = datasetOf(training.slice(0, examples));
  const publicData = withoutLabels(datasetOf(training.slice(examples, examples + PUBLIC)));
  const holdout = datasetOf(isDevelopment ? development : test);
  const strategies = [
    fedAvg(),
    fedProx({ mu: 0.01 }),
    fedAdam(),
    fedYogi(),
    fedDf(),
    fedMd(),
    sharedPatch({ rank: 8, sharedRank: 32 }),
  ].filter(({ name }) => only === undefined || only.includes(name));
  await using trainer = await openTrainer({ worker: 'none' });
  const rows = [];
  const compared = new Map();
  for (const strategy of strategies) {
    const reports = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const run = simulate({
        ...{ data, publicData, holdout, clients, alpha, rounds, strategy, seed, epochs: 2, batchSize: 32 },
        student: () => mlp({ inputShape: [28, 28, 1], hidden: HIDDEN, classes: 10 }),
        trainers: [trainer],
        // The same for every strategy.
        compare: !compared.has(seed),
      });
      const report = await run.done;
      if (!compared.has(seed)) compared.set(seed, report);
      reports.push(report);
      console.log(`${strategy.name}, seed ${seed}: ${(100 * report.accuracy).toFixed(1)} %`);
    }
    const mean = (of) => reports.reduce((sum, report, i) => sum + of(report, i), 0) / reports.length;
    rows.push({
      name: strategy.name,
      accuracy: mean(({ accuracy }) => accuracy),
      bestAlone: mean((_, i) => compared.get(i + 1).bestAlone),
      centralAccuracy: mean((_, i) => compared.get(i + 1).centralAccuracy),
      bytesPerClientPerRound: Math.round(mean(({ bytesPerClientPerRound }) => bytesPerClientPerRound)),
      curves: reports.map(({ rounds: all }) => all.map(({ accuracy }) => accuracy)),
    });
  }
  const scaled = [];
  for (const count of scale) {
    const few = datasetOf(Array.from({ length: 2 * count }, (_, i) => training[i % training.length]));
    const run = simulate({
      ...{ data: few, holdout, clients: count, alpha: 1, rounds: 1, trainers: [trainer] },
      student: () => mlp({ inputShape: [28, 28, 1], hidden: [4], classes: 10 }),
    });
    const {
      rounds: [first],
    } = await run.done;
    scaled.push({
      clients: count,
      aggregateMs: first.aggregateMs,
      bytes: Math.round(first.updateBytes * first.clients),
    });
    console.log(`${count} clients: ${Math.round(first.aggregateMs)} ms`);
  }
  return {
    strategies: rows,
    scale: scaled,
    settings: { clients, rounds, alpha, examples, seeds },
    machine: machineName(),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      ...{
        json: { type: 'string' },
        seeds: { type: 'string' },
        clients: { type: 'string' },
        rounds: { type: 'string' },
      },
      ...{ alpha: { type: 'string' }, examples: { type: 'string' }, only: { type: 'string', multiple: true } },
      scale: { type: 'string' },
      development: { type: 'boolean', default: false },
    },
  });
  const { json, only, development: isDevelopment, scale, ...numbers } = values;
  const given = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)]));
  const result = await measureFederate({ ...given, only, isDevelopment, scale: scale?.split(',').map(Number) });
  if (json !== undefined) {
    await mkdir(dirname(json), { recursive: true });
    await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
  }
  console.table(result.strategies.map(({ curves, ...row }) => row));
}
