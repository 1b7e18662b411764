// One federation of three engines and Node, on a real NATS server with the files of `limbeck federate nats`. Pages reach it by websocket
// and are devices, which may send nothing but their own; Node aggregates and learns too. Each of the four knows digits that no other does.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetOfDigits } from '../../benchmarks/federate/digits.mjs';
import { openChromium, openFirefox, openWebKit } from '../browsers.mjs';
import { splitDigits } from '../digitSplits.mjs';
import { root } from '../ensure.mjs';
import { natsServers } from '../natsServers.mjs';
import { serve } from '../serve.mjs';

/** The digits that each engine's page knows. */
const PAGES = [
  { name: 'webkit', open: openWebKit, digits: [8, 9] },
  { name: 'firefox', open: openFirefox, digits: [5, 6, 7] },
  { name: 'chromium', open: openChromium, digits: [2, 3, 4] },
];
const NODE_DIGITS = [0, 1];
const EXAMPLES = 300;
const FEDERATION = 'engines';
/** As many as the page offers at least. */
const ROUNDS = 10;
/** Three of ten digits are all that a page alone could read. */
const BEST_ALONE = 0.3;
/** No judgement of speed: who is silent for so long is gone. */
const GONE_MS = 120_000;
const RUN_MS = 600_000;
const SECOND_MS = 1000;

const STATE = `(() => {
  const { state, rounds, error } = window.limbeckFederate ?? {};
  const records = (rounds ?? []).map(({ round, by, result, accuracy, contributions }) => ({
    ...{ round, by, result, accuracy },
    contributions: contributions.map(({ client, examples, bytes }) => ({ client, examples, bytes })),
  }));
  return { state, records, error: error && { code: error.code, message: error.message } };
})()`;

/** What a person would choose on the page; the credentials are those of a file. */
function joining(place, { name, digits }) {
  return `(() => {
    const { setup, join } = window.limbeckFederate;
    setup.place.value = 'nats';
    setup.credentials.value = ${JSON.stringify({ file: `${name}.json`, place })};
    setup.chosenDigits.value = new Set(${JSON.stringify(digits)});
    setup.examples.value = ${EXAMPLES};
    setup.rounds.value = ${ROUNDS};
    join();
  })()`;
}

/**
 * What each of them saw of the federation: { name, version, result, accuracy } of the last round; `contributions` of each by name.
 * @param {string} demo the folder of the built demo
 */
export async function federateEngines(demo) {
  const folder = await mkdtemp(join(tmpdir(), 'limbeck-engines-'));
  const ends = [() => rm(folder, { recursive: true, force: true })];
  try {
    const { freeRow, startNats } = await natsServers();
    const port = await freeRow(4);
    writeConfig(folder, port);
    const nats = await startNats(folder, 'server.conf', port);
    ends.push(() => nats.kill());
    // It would outlive a run that is ended from outside.
    process.once('exit', () => void nats.kill());
    const server = await serve(demo);
    ends.push(() => server.close());
    const leaving = new AbortController();
    ends.push(() => leaving.abort());
    const node = learnInNode(await placeOf(folder, 'aggregators/node'), leaving.signal);
    node.catch(() => undefined);
    const pages = [];
    // One after the other: an engine that starts takes all that the machine has.
    for (const page of PAGES) {
      const { servers, ...place } = await placeOf(folder, `devices/${page.name}`);
      const browser = await page.open(`${server.url}/federate.html?autostart=0`);
      ends.push(() => browser.close());
      // A page reaches a server by websockets only.
      const web = servers.filter((one) => one.startsWith('ws'));
      await reached(browser, ['idle']);
      await browser.evaluate(joining({ ...place, servers: web }, page));
      await reached(browser, ['running', 'done']);
      pages.push({ name: page.name, browser });
    }
    const learned = pages.map(async ({ name, browser }) => {
      const { records } = await reached(browser, ['done']);
      return { name, version: browser.version, records };
    });
    const seen = await Promise.all([...learned, node]);
    return {
      rounds: ROUNDS,
      bestAlone: BEST_ALONE,
      contributions: totalsOf(seen.at(-1).records),
      seen: seen.map(last),
    };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

function writeConfig(folder, port) {
  const devices = PAGES.flatMap(({ name }) => ['--device', name]);
  const line = ['federate', 'nats', '--config', folder, '--federation', FEDERATION, '--port', String(port)];
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/cli.js'), ...line, ...devices, '--aggregator', 'node'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`limbeck federate nats ended with ${status}: ${stderr}`);
}

const placeOf = async (folder, name) => JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));

/** What the page shows once it is in one of these states. */
async function reached(browser, states) {
  const end = Date.now() + RUN_MS;
  for (;;) {
    const told = await browser.evaluate(STATE);
    if (told.error) throw new Error(`${browser.engine}: ${told.error.message}`);
    if (states.includes(told.state)) return told;
    if (Date.now() > end) throw new Error(`${browser.engine} is ${told.state} after ${RUN_MS / SECOND_MS} s`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** A client as the page's own worker is one, of the published library. */
async function learnInNode({ servers, ...place }, signal) {
  const [limbeck, { fedAvg, federate, openNats }] = await Promise.all([
    import('../../dist/index.js'),
    import('../../dist/federate.js'),
  ]);
  const { training, development } = await splitDigits();
  const own = training.filter(({ label }) => NODE_DIGITS.includes(label)).slice(0, EXAMPLES);
  const transport = await openNats({ ...place, servers: servers.filter((one) => one.startsWith('nats')) });
  const trainer = await limbeck.openTrainer({ worker: 'none' });
  try {
    const { report } = await federate({
      ...{ transport, trainer, client: place.user, strategy: fedAvg(), rounds: ROUNDS, seed: 1, signal },
      ...{ minimumClients: 2, clientsToBegin: PAGES.length + 1, beatMs: 500, vanishMs: GONE_MS, roundMs: GONE_MS },
      ...{ epochs: 2, batchSize: 16, optimizer: { learningRate: 0.002 } },
      student: limbeck.mlp({ inputShape: [28, 28, 1], hidden: [64] }),
      data: datasetOfDigits(limbeck, own),
      holdout: datasetOfDigits(limbeck, development),
    }).done;
    return { name: 'node', version: process.versions.node, records: report.rounds };
  } finally {
    await trainer[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
  }
}

/** Of each: in how many rounds its update counted, how many it aggregated, its examples, and the bytes of its updates. */
function totalsOf(records) {
  const totals = {};
  const of = (name) => {
    totals[name] ??= { rounds: 0, aggregated: 0, examples: 0, bytes: 0 };
    return totals[name];
  };
  for (const { by, contributions } of records) {
    of(by).aggregated++;
    for (const { client, examples, bytes } of contributions) {
      const one = of(client);
      Object.assign(one, { rounds: one.rounds + 1, examples, bytes: one.bytes + bytes });
    }
  }
  return totals;
}

function last({ name, version, records }) {
  const { result, accuracy } = records.at(-1) ?? {};
  return { name, version, rounds: records.length, result, accuracy };
}
