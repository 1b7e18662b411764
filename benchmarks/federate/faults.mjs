// Federations of processes on a real cluster of three NATS servers. In each run whoever aggregates, a server, and half of the clients
// are killed (SIGKILL), each so many times (`faultKillsInRun`) at a random moment that the seed decides, and start again some
// seconds later. Of the servers one at a time is away: two of three must be there. After `faultMinutes` no further run begins.
//   kills         how many there were, and of which kind: `killsOf`
//   completed     of these, those whose federation ended, with every round, on every client
//   doubleCounted updates that the final student holds more often than the records of the rounds tell, or that these name twice
//   accuracyLoss  the largest of all runs, against the undisturbed run, as a fraction; `meanAccuracyLoss` is their mean
//   lastRound     of each run, how many clients the last round was made by: its student knows least of those who were away then
// The last round waits for all (`clientsToEnd`); what was measured without that stays in the file as `faultsNotWaiting`.
import { fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { natsServers } from '../../scripts/natsServers.mjs';
import { mean } from './digits.mjs';

const CLIENT = fileURLToPath(new URL('faultClient.mjs', import.meta.url));
const KINDS = ['aggregator', 'server', 'halfOfClients'];
const PACE = { beatMs: 500, vanishMs: 6000, roundMs: 60_000 };
/** A federation that goes on for so many seconds in which this process has run has not ended. */
const MOST_SECONDS = 600;
/** Half of the clients that die are missed, the others are back before. */
const AWAY_MS = 2 * PACE.vanishMs;
const SERVER_AWAY_MS = 4000;

export async function measureFaults({ federated, training, held }, settings, save) {
  const { faultKills: wanted, faultClients: clients, faultRounds: rounds, faultExamples: examples } = settings;
  const names = Array.from({ length: clients }, (_, i) => `client-${i}`);
  const folder = await mkdtemp(join(tmpdir(), 'limbeck-faults-'));
  const cluster = await (await natsServers()).natsCluster();
  try {
    const digits = training.slice(0, clients * examples);
    const shares = federated.dirichletShares(
      digits.map(({ label }) => label),
      clients,
      settings.faultAlpha,
      1,
    );
    const write = (name, list) =>
      writeFile(join(folder, name), Buffer.concat(list.map(({ label, pixels }) => Buffer.from([label, ...pixels]))));
    await write('held', held);
    for (const [i, name] of names.entries())
      await write(
        name,
        [...shares[i]].map((at) => digits[at]),
      );
    const common = { folder, names, rounds, epochs: settings.faultEpochs };
    const undisturbed = await play(cluster, { ...common, federation: 'undisturbed' }, []);
    console.log(`undisturbed: ${(100 * undisturbed.accuracy).toFixed(1)} %`);
    const done = { aggregator: 0, server: 0, halfOfClients: 0 };
    const runs = [];
    const startedAt = performance.now();
    const isLate = () => performance.now() - startedAt > 60_000 * settings.faultMinutes;
    for (let seed = 1; KINDS.some((kind) => done[kind] < wanted) && !isLate(); seed++) {
      const due = KINDS.filter((kind) => done[kind] < wanted).flatMap((kind) =>
        Array(settings.faultKillsInRun).fill(kind),
      );
      const plan = due.map((kind, i) => {
        const random = randomOf(1000 * seed + i);
        return { kind, round: 1 + Math.floor(random() * rounds), fraction: random(), random };
      });
      const run = await play(cluster, { ...common, federation: `disturbed-${seed}` }, plan);
      for (const kind of run.killed) done[kind]++;
      runs.push({ seed, ...run, loss: undisturbed.accuracy - run.accuracy });
      const told = run.isComplete ? `${(100 * run.accuracy).toFixed(1)} %` : 'not ended';
      console.log(
        `run ${seed}: killed ${run.killed.join(', ') || 'nobody'}; ${told}, ${run.doubleCounted} counted twice`,
      );
      await save(summary(undisturbed, runs));
    }
  } finally {
    await cluster.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

function summary(undisturbed, runs) {
  const complete = runs.filter(({ isComplete }) => isComplete);
  const killed = runs.flatMap((run) => run.killed);
  return {
    kills: killed.length,
    killsOf: Object.fromEntries(KINDS.map((kind) => [kind, killed.filter((one) => one === kind).length])),
    completed: complete.reduce((sum, run) => sum + run.killed.length, 0),
    doubleCounted: runs.reduce((sum, one) => sum + one.doubleCounted, 0),
    accuracyLoss: Math.max(...complete.map(({ loss }) => loss)),
    meanAccuracyLoss: mean(complete.map(({ loss }) => loss)),
    undisturbedAccuracy: undisturbed.accuracy,
    runs: runs.map(({ seed, killed, accuracy, isComplete, lastRound }) => {
      return { seed, killed, accuracy, isComplete, lastRound };
    }),
  };
}

/** One federation, in which what the plan says is killed. */
async function play(cluster, { folder, names, rounds, epochs, federation }, plan) {
  const processes = new Map();
  const results = new Map();
  const killed = [];
  let [round, leader, seconds, isOver] = [0, undefined, 0, false];
  const startedAt = performance.now();
  let roundMs = 3000;
  let serversAreThere = Promise.resolve();

  const start = (name) => {
    const options = {
      ...{ folder, federation, client: name, number: names.indexOf(name), clients: names.length },
      ...{ servers: cluster.addresses, rounds, epochs, batchSize: 32, seed: 1, minimumClients: 2, ...PACE },
      ...{ clientsToBegin: names.length, clientsToEnd: names.length, ...(name === names[0] && { holdout: 'held' }) },
    };
    const child = fork(CLIENT, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    processes.set(name, child);
    child.on('message', (message) => {
      if (message.type === 'leading') leader = name;
      if (message.type === 'done') results.set(name, message);
      if (message.type === 'round' && message.round > round) {
        round = message.round;
        if (round > 1) roundMs = (performance.now() - startedAt) / round;
      }
    });
    child.on('exit', () => {
      if (processes.get(name) === child) processes.delete(name);
    });
  };
  const kill = async (name) => {
    const child = processes.get(name);
    if (child === undefined || results.has(name)) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  const until = async (isTrue) => {
    while (!isOver && !isTrue()) await pause(50);
  };
  const carryOut = async ({ kind, round: at, fraction, random }) => {
    await until(() => round >= at);
    await pause(fraction * roundMs);
    if (kind === 'server') {
      const before = serversAreThere;
      const killAndStart = async () => {
        await before;
        if (isOver) return;
        const server = cluster.servers[Math.floor(random() * cluster.servers.length)];
        await server.kill();
        killed.push(kind);
        await pause(SERVER_AWAY_MS);
        await server.start();
        await pause(SERVER_AWAY_MS);
      };
      serversAreThere = killAndStart();
      return serversAreThere;
    }
    if (kind === 'aggregator') await until(() => processes.has(leader));
    const order = names.map((name) => [random(), name]).sort(([a], [b]) => a - b);
    const chosen = order.slice(0, Math.ceil(names.length / 2)).map(([, name]) => name);
    const victims = kind === 'aggregator' ? [leader] : chosen;
    const times = victims.map(() => random() * AWAY_MS);
    if (isOver || victims.some((name) => results.has(name))) return;
    await Promise.all(victims.map(kill));
    killed.push(kind);
    await Promise.all(
      victims.map(async (name, i) => {
        await pause(times[i]);
        if (!processes.has(name)) start(name);
      }),
    );
  };

  const ticking = setInterval(() => seconds++, 1000);
  for (const name of names) start(name);
  const disturbing = plan.map(carryOut);
  while (results.size < names.length && seconds < MOST_SECONDS) await pause(100);
  isOver = true;
  await Promise.all(disturbing);
  clearInterval(ticking);
  for (const child of processes.values()) child.kill('SIGKILL');
  return { killed, ...judged(names, rounds, results) };
}

/** What the clients say at the end, compared with each other and with what the records tell. */
function judged(names, rounds, results) {
  const [first, ...others] = names.map((name) => results.get(name));
  if (results.size < names.length) return { isComplete: false, accuracy: Number.NaN, doubleCounted: 0 };
  const told = new Map(names.map((name) => [name, 0]));
  let doubleCounted = 0;
  for (const { clients } of first.rounds) {
    for (const name of new Set(clients)) told.set(name, told.get(name) + 1);
    doubleCounted += clients.length - new Set(clients).size;
  }
  for (const [i, name] of names.entries()) doubleCounted += Math.abs(first.counts[i] - told.get(name));
  const isSame = others.every(({ counts }) => counts.every((count, i) => count === first.counts[i]));
  const isComplete = isSame && first.rounds.length === rounds && first.rounds.every((one, i) => one.round === i + 1);
  const last = first.rounds.at(-1);
  return { isComplete, accuracy: last?.accuracy ?? Number.NaN, doubleCounted, lastRound: last?.clients.length ?? 0 };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function randomOf(seed) {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
