// Two of the clients are poisoned, in every round. What the others learn nevertheless, by how updates become one:
//   labelFlip   they learn that a digit d is 9 − d
//   signFlip    they send four times the opposite of their change (−4 is the factor of Li et al. 2019, arXiv:1811.03761)
//   scaling     they send a hundred times their change
//   accuracy    mean over the seeds, after the last round, of the shared student
//   loss        how much lower that is than with the same `combine` and no poison, as a fraction
// `combine` is fedAvg's; 'gated' is its mean behind a gate, which measures updates on digits that nobody learns from.
import { mean } from './digits.mjs';

const HIDDEN = [64];
const PUBLIC = 500;
const POISONED = [1, 2];
const FACTORS = { signFlip: -4, scaling: 100 };

export async function measurePoisoned(digits, trainer, settings, save) {
  const { poisonSeeds: seeds, clients, poisonRounds: rounds, poisonAlpha: alpha, examples, only } = settings;
  const { poisonEpochs: epochs } = settings;
  const { federated, training, datasetOf, student, held } = digits;
  const { clippedMean, fedAvg, gated, median, multiKrum, nearestNeighbourMixing, simulate, trimmedMean, weightedMean } =
    federated;
  const data = datasetOf(training.slice(0, examples));
  const holdout = datasetOf(held);
  const gate = { examples: datasetOf(training.slice(examples, examples + PUBLIC)) };
  const ways = [
    ...[
      ...[weightedMean(), median(), trimmedMean(), multiKrum(), clippedMean()],
      ...[median(), trimmedMean(), clippedMean()].map((combine) => nearestNeighbourMixing(combine)),
    ].map((combine) => ({ name: combine.name, combine, strategy: fedAvg() })),
    { name: 'gated', strategy: gated(fedAvg(), gate) },
  ].filter(({ name }) => only === undefined || only.includes(name));
  const rows = [];
  for (const { name, combine, strategy } of ways) {
    let clean = 0;
    for (const attack of ['none', 'labelFlip', 'signFlip', 'scaling']) {
      const accuracies = [];
      for (let seed = 1; seed <= seeds; seed++) {
        const run = simulate({
          ...{ data, holdout, clients, alpha, rounds, seed, epochs, batchSize: 32, combine, strategy },
          ...{ student: student(HIDDEN), trainers: [trainer] },
          shareOf: (client, share) => (attack === 'labelFlip' && POISONED.includes(client) ? flipped(share) : share),
          encoding: (client) => lying(POISONED.includes(client) ? FACTORS[attack] : undefined),
        });
        // Where what is sent overflows, nothing was learned.
        accuracies.push(await run.done.then(({ accuracy }) => accuracy, lost));
      }
      const accuracy = mean(accuracies);
      if (attack === 'none') clean = accuracy;
      rows.push({ combine: name, attack, accuracy, loss: clean - accuracy });
      console.log(`${name}, ${attack}: ${(100 * accuracy).toFixed(1)} %`);
    }
    await save(rows);
  }
}

/** A federation that ends because what it has learned is not finite knows as much as chance. */
function lost(error) {
  if (error.code === 'not-finite') return 1 / 10;
  throw error;
}

/** The same digits under other names. */
function flipped(share) {
  return {
    ...share,
    read: async (...asked) => {
      const examples = await share.read(...asked);
      return { ...examples, labels: examples.labels.map((label) => 9 - label) };
    },
  };
}

/** An update as it is, or its change times a factor: what a client may send is its own business. */
function lying(factor) {
  return {
    name: 'asItIs',
    encode: (values, before) => (factor === undefined ? values : stretched(values, before, factor)),
    decode: (values) => values,
  };
}

function stretched(values, before, factor) {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape }]) => {
      const from = before[name].data;
      return [name, { shape, data: Float32Array.from(data, (value, i) => from[i] + factor * (value - from[i])) }];
    }),
  );
}
