// A client of a federation in a process of its own, which benchmarks/federate/faults.mjs starts and kills. It tells its parent in
// which round it is, when it aggregates, and at the end what it has.
import { readFile } from 'node:fs/promises';
import { datasetOfDigits, PIXELS } from './digits.mjs';

const { folder, client, number, clients, servers, federation, holdout, ...options } = JSON.parse(process.argv[2]);
const [limbeck, { fedAvg, federate, openNats }] = await Promise.all([
  import('../../dist/index.js'),
  import('../../dist/federate.js'),
]);

/** Digits as the parent has written them: a label, then the pixels. */
async function digitsOf(name) {
  const bytes = await readFile(`${folder}/${name}`);
  const digit = (i) => bytes.subarray(i * (PIXELS + 1), (i + 1) * (PIXELS + 1));
  const digits = Array.from({ length: bytes.length / (PIXELS + 1) }, (_, i) => digit(i));
  return datasetOfDigits(
    limbeck,
    digits.map(([label, ...pixels]) => ({ label, pixels })),
  );
}

/**
 * A strategy whose shared student has an array more: how often each client's updates have counted. It travels and is added up as
 * the weights are, so it tells what the weights are made of.
 */
function counted(strategy, onCounts) {
  const without = ({ counts: _, ...values }) => values;
  const own = () => Float32Array.from({ length: clients }, (_, i) => (i === number ? 1 : 0));
  const arrayOf = (data) => ({ data, shape: [clients] });
  return {
    ...strategy,
    async open(device) {
      const member = await strategy.open(device);
      return {
        ...member,
        sent: { ...member.sent, counts: [clients] },
        shared: { ...member.shared, counts: [clients] },
        takesMeans: false,
        first: async () => ({ ...(await member.first()), counts: arrayOf(new Float32Array(clients)) }),
        adopt(shared, place) {
          onCounts(Array.from(shared.counts.data));
          return member.adopt(without(shared), place);
        },
        step: async (shared, place) => ({ ...(await member.step(without(shared), place)), counts: arrayOf(own()) }),
        async aggregate({ parts, before, combine }, place) {
          const sum = Float32Array.from(before.counts.data);
          for (const { values } of parts) for (const [i, value] of values.counts.data.entries()) sum[i] += value;
          const plain = parts.map((part) => ({ ...part, values: without(part.values) }));
          const { values, rejected } = await member.aggregate(
            { parts: plain, before: without(before), combine },
            place,
          );
          return { values: { ...values, counts: arrayOf(sum) }, rejected };
        },
      };
    },
  };
}

let counts = [];
const transport = await openNats({ servers, federation, replicas: 3, patienceMs: 120_000 });
const trainer = await limbeck.openTrainer({ worker: 'none' });
const run = federate({
  ...{ transport, trainer, client, ...options },
  student: limbeck.mlp({ inputShape: [28, 28, 1], hidden: [32], classes: 10 }),
  data: await digitsOf(client),
  ...(holdout && { holdout: await digitsOf(holdout) }),
  strategy: counted(fedAvg(), (told) => {
    counts = told;
  }),
});
for await (const { type, round } of run) {
  if (type === 'leading' || type === 'round') process.send({ type, round });
}
const { report } = await run.done;
const rounds = report.rounds.map(({ round, contributions, accuracy }) => {
  return { round, accuracy, clients: contributions.map((one) => one.client) };
});
await transport[Symbol.asyncDispose]();
await trainer[Symbol.asyncDispose]();
process.send({ type: 'done', counts, rounds }, () => process.exit());
