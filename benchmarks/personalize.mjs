// What a student learns from ten people who each show it ten digits of each kind, what it forgets, and what that costs;
// with two peers on the same features, and the text reader taught in the same way as an ONNX file.
// Usage: npm run bench:personalize -- [--json FILE] [--methods] [--only users|peers|onnx] [--quick] [--draws N] [--seed N]
//        [--replay N] [--fresh] [--built FOLDER] [--people development|test|both]
//
// How to read the numbers. The student is that of `npm start`: 8,000 digits without a label, answered by the text reader.
// It is kept in out/personalize; `--fresh` makes it again. A person is a fixed change of how digits are written
// (demo/people.ts has the ten by which settings may be chosen; benchmarks/pages/writers.ts has ten others, `--people test`,
// by which nothing is chosen: their figures are under `test` in the file). Of the 2,000 held-out digits, ten of
// each kind are rewritten so and shown to `personalize` with their labels; the other 1,900 are only for scoring.
//   before, after    the student's accuracy on these 1,900 as the person writes them, without and with the patch
//   gain             after − before, in points
//   base             the same without and with the patch on the 1,900 as they were: what is forgotten. 200 of the 8,000
//                    digits are learned along, still without a label: the student's own answers stand for it. It may rise,
//                    because a person's labels are true and the text reader's answers are not always
//   refused          a patch that the guard finds worse on those that judge comes out empty: that person gains nothing
//   median           of the ten gains: two people who write black on white carry the mean
//   patch            bytes of the largest person's patch as a file
//   adapt            milliseconds of a whole call of `personalize` in an open trainer: asking the student about all examples,
//                    learning from 80, and measuring on the 20 that the guard holds out (headOnly and prototypes learn from
//                    all 100, and are judged by cross-fitting). Median over the people. It is the time of a whole call, once
//                    for each person: the first call counts as much as any, and each person's data are others
// The peers run in the page on stock tfjs's wasm backend and learn from all 100 examples, with nothing that keeps the base.
// Their milliseconds begin with the examples' pixels too, and their bytes are what has to be stored. `headOnly` is measured
// on the same terms, with all 100 examples and nothing that keeps the base: once with the guard, and once without, because
// the peers do not judge what they learned.
//   knn-classifier   @tensorflow-models/knn-classifier as it comes (3 neighbours)
//   tfjs-head        the student's own last layer, 30 epochs of tf.LayersModel.fit with Adam, at a rate that suits it
// ONNX: the text reader learns from 10 and from 50 of each kind of the 8,000 digits (whose labels nothing else here reads);
// the written file reads all 2,000 held-out digits. Mean over draws of the examples; `onnxBefore` is the reader as it came.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../scripts/ensure.mjs';
import { DEMO, openPage } from './openPage.mjs';
import { change, percent, printPersonalize } from './personalizeTable.mjs';
import { quantile } from './print.mjs';
import { writeResult } from './writeResult.mjs';

const PARTS = ['users', 'peers', 'onnx'];
const SETS = { development: ['development'], test: ['test'], both: ['development', 'test'] };
const PEERS = ['knn-classifier', 'tfjs-head'];
/** limbeck on the same terms: nothing keeps the base, and in the second row nothing judges either. */
const ALONE = { headOnly: { keep: true }, 'headOnly, unguarded': { keep: true, guard: true } };
const ONNX_EXAMPLES = [10, 50];
const PER_CLASS = 10;
const QUICK_PEOPLE = 2;
const STOCK_THREADS = 'tfjs-backend-wasm-threaded-simd.wasm';
/** All imports of tfjs get this copy: two copies do not know each other's tensors. */
const ONE_COPY = Object.fromEntries(
  ['core', 'layers', 'backend-cpu', 'backend-wasm'].map((part) => {
    const name = `@tensorflow/tfjs-${part}`;
    return [name, `${root}node_modules/${name}`];
  }),
);
/** The student is kept from run to run. */
const KEPT = 'out/personalize';

/**
 * @param {{ only?: string, quick?: boolean, methods?: boolean, draws?: number, seed?: number, replayed?: number,
 *   fresh?: boolean, built?: string, people?: 'development' | 'test' | 'both' }} options
 */
export async function measurePersonalize(options = {}) {
  const { only, quick = false, methods = false, draws = 3, seed = 1, replayed = 200, fresh = false } = options;
  const sets = SETS[options.people ?? 'development'];
  const { bench, about, close } = await openPage({
    script: 'benchmarks/pages/personalize.ts',
    folder: DEMO,
    alias: ONE_COPY,
    dist: options.built && resolve(root, options.built),
    extra: servedFiles,
  });
  const startedAt = performance.now();
  const isMeant = (part) => (only === undefined ? !(quick && part === 'onnx') : part === only);
  try {
    const { methods: all, ...student } = await openStudent(bench, { seed, replayed }, fresh);
    const result = {
      ...about,
      ...{ quick, seed, replayed, examplesPerClass: PER_CLASS, student },
    };
    for (const set of sets) {
      const people = await bench('gather', set);
      const places = people.map((_, place) => place).slice(0, quick ? QUICK_PEOPLE : people.length);
      if (sets.length > 1 || set === 'test') console.log(`\n${set} people`);
      const found = {};
      if (isMeant('users')) {
        Object.assign(found, summaryOf(await adaptAll(bench, places, 'lora')));
        if (methods) found.methods = { lora: rowOf(found.users) };
        for (const method of methods ? all.filter((name) => name !== 'lora') : []) {
          const users = await adaptAll(bench, places, method);
          found.methods[method] = { ...rowOf(users), users };
        }
      }
      if (isMeant('peers')) Object.assign(found, await measurePeers(bench, places));
      Object.assign(result, set === 'test' ? { test: found } : found);
    }
    if (isMeant('onnx')) Object.assign(result, await measureOnnx(bench, draws));
    return { ...result, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    await close();
  }
}

async function servedFiles() {
  const { servedDigits } = await import('../scripts/digitSplits.mjs');
  return {
    ...(await servedDigits('score')),
    // The peers' tfjs is stock, with the threads that it takes where a page is isolated; limbeck does without that build.
    [`/${STOCK_THREADS}`]: {
      type: 'application/wasm',
      body: await readFile(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${STOCK_THREADS}`),
    },
  };
}

/** The student that an earlier run kept, or a new one, which is then kept. */
async function openStudent(bench, { seed, replayed }, fresh) {
  const place = `${KEPT}/student-${seed}.json`;
  const kept = !fresh && existsSync(place) ? JSON.parse(await readFile(place, 'utf8')) : undefined;
  if (kept === undefined) console.log('distilling the student …');
  const { files, ...told } = await bench('open', { seed, replayed, perClass: PER_CLASS }, kept);
  await mkdir(KEPT, { recursive: true });
  await writeFile(place, JSON.stringify(files));
  console.log(`the student reads ${percent(told.accuracy)} of the held-out digits${kept ? ` (kept in ${place})` : ''}`);
  return told;
}

async function adaptAll(bench, places, method) {
  const rows = [];
  for (const place of places) {
    const row = await bench('adapt', place, method);
    rows.push(row);
    const refused = `   ${row.lost} lost, ${row.gained} gained of ${row.judged}${row.isAccepted ? '' : ', refused'}`;
    console.log(`${method.padEnd(12)} ${row.name.padEnd(26)} ${change(row)}, base ${change(row.base)}${refused}`);
  }
  return rows;
}

function summaryOf(users) {
  const lost = ({ base }) => base.before - base.after;
  const worst = users.toSorted((a, b) => lost(b) - lost(a))[0];
  const rangeOf = (read) => [Math.min(...users.map(read)), Math.max(...users.map(read))];
  return {
    users,
    ...rowOf(users),
    baseWorst: { name: worst.name, ...worst.base },
    ranges: {
      gain: rangeOf(({ before, after }) => after - before),
      baseLost: rangeOf(lost),
      patchBytes: rangeOf(({ patchBytes }) => patchBytes),
      adaptMs: rangeOf(({ adaptMs }) => adaptMs),
    },
  };
}

/** A method's row: as a peer's, the largest patch, and how many patches the guard refused. */
function rowOf(users) {
  const before = mean(users.map((user) => user.before));
  const scores = scoresOf(users);
  return {
    ...{ before, gain: scores.after - before, ...scores },
    leastGain: Math.min(...users.map((user) => user.after - user.before)),
    medianGain: quantile(
      users.map((user) => user.after - user.before),
      0.5,
    ),
    patchBytes: Math.max(...users.map(({ patchBytes }) => patchBytes)),
    refused: users.filter(({ isAccepted }) => !isAccepted).length,
  };
}

/** Means over the people, and the median time. */
function scoresOf(rows) {
  const times = rows.map(({ adaptMs }) => adaptMs);
  return {
    after: mean(rows.map(({ after }) => after)),
    base: { before: mean(rows.map(({ base }) => base.before)), after: mean(rows.map(({ base }) => base.after)) },
    adaptMs: quantile(times, 0.5),
  };
}

/** Both peers, and limbeck's own head on their terms: by turns, person by person. */
async function measurePeers(bench, places) {
  const rows = Object.fromEntries([...PEERS, ...Object.keys(ALONE)].map((name) => [name, []]));
  for (const place of places) {
    for (const name of PEERS) rows[name].push(await bench('peer', place, name));
    for (const [name, spared] of Object.entries(ALONE))
      rows[name].push(await bench('adapt', place, 'headOnly', spared));
  }
  const peers = Object.fromEntries(
    PEERS.map((name) => [name, { ...scoresOf(rows[name]), bytes: rows[name][0].bytes }]),
  );
  const alone = Object.fromEntries(Object.keys(ALONE).map((name) => [name, rowOf(rows[name])]));
  for (const [name, row] of Object.entries({ ...peers, ...alone })) {
    console.log(`${name.padEnd(20)} ${percent(row.after)}, base ${change(row.base)}`);
  }
  return { peers, alone };
}

async function measureOnnx(bench, draws) {
  const onnxBefore = await bench('reader');
  console.log(`the reader as it came reads ${percent(onnxBefore)}`);
  const onnxDraws = {};
  for (const count of ONNX_EXAMPLES) {
    onnxDraws[count] = [];
    for (let draw = 1; draw <= draws; draw++) {
      const row = await bench('onnx', count, draw);
      onnxDraws[count].push(row);
      console.log(`ONNX, ${count} of each, draw ${draw} of ${draws}: ${percent(row.accuracy)}`);
    }
  }
  const means = Object.entries(onnxDraws).map(([count, rows]) => [count, mean(rows.map(({ accuracy }) => accuracy))]);
  return { onnx: Object.fromEntries(means), onnxBefore, onnxDraws };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({
    options: {
      ...{ json: text, only: text, built: text, methods: flag, quick: flag, fresh: flag },
      draws: { ...text, default: '3' },
      seed: { ...text, default: '1' },
      replay: { ...text, default: '200' },
      people: { ...text, default: 'development' },
    },
  });
  if (values.only !== undefined && !PARTS.includes(values.only)) throw new Error(`--only takes ${PARTS.join(', ')}.`);
  if (!Object.hasOwn(SETS, values.people)) throw new Error(`--people takes ${Object.keys(SETS).join(', ')}.`);
  const [draws, seed, replayed] = [values.draws, values.seed, values.replay].map(Number);
  if (![draws, seed, replayed].every((value) => Number.isInteger(value) && value >= 0) || draws < 1) {
    throw new Error('--draws, --seed and --replay take whole numbers.');
  }
  const json = values.json && resolve(values.json);
  const result = await measurePersonalize({ ...values, draws, seed, replayed });
  printPersonalize(result);
  console.log(`\n${result.seconds.toFixed(0)} s`);
  await writeResult(json, result);
}
