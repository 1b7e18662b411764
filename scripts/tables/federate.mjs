import { countOf, duration } from '../figures.mjs';
import { bytes, figure, percent, points, table } from './markdown.mjs';

const notYet = (part) => `\`npm run bench:federate -- --parts ${part}\` measures this.`;
const held = ({ isDevelopment }) =>
  isDevelopment ? '1,000 digits by which settings were chosen' : '2,000 digits that nobody learned from';

/** Strategies beside the best client that learned alone and a student that learned all. */
export function federatedTable({ strategies, about }) {
  if (strategies === undefined) return notYet('strategies');
  const { clients, rounds, alpha, examples, seeds, epochs } = about.strategies;
  const after = (curves, round) => curves.reduce((sum, curve) => sum + curve[round], 0) / curves.length;
  return [
    `${examples / clients} handwritten digits on each of ${clients} clients, Dirichlet ${alpha}, ${rounds} rounds of ${countOf(epochs, 'epoch')}, means of ${countOf(seeds, 'seed')}, on ${held(about.strategies)} (${about.strategies.machine}):`,
    '',
    table(
      [
        'strategy',
        'accuracy',
        'best client alone',
        'gain, points',
        'all digits in one place',
        'an update',
        'a client and round',
      ],
      strategies.map(({ name, accuracy, bestAlone, centralAccuracy, updateBytes, bytesPerClientPerRound }) => [
        `\`${name}\``,
        `**${percent(accuracy)}**`,
        percent(bestAlone),
        points(accuracy - bestAlone),
        percent(centralAccuracy),
        bytes(updateBytes),
        bytes(bytesPerClientPerRound),
      ]),
    ),
    '',
    'The same after each round:',
    '',
    table(
      ['strategy', ...Array.from({ length: rounds }, (_, round) => `round ${round + 1}`)],
      strategies.map(({ name, curves }) => [
        `\`${name}\``,
        ...Array.from({ length: rounds }, (_, round) => percent(after(curves, round))),
      ]),
    ),
  ].join('\n');
}

const CALLS = { gated: '`gated(fedAvg(), …)`' };
/** How a `combine` is asked for, from its name. */
function callOf(combine) {
  const [, mixed] = /^mixed-(.+)/.exec(combine) ?? [];
  return CALLS[combine] ?? `\`${mixed === undefined ? `${combine}()` : `nearestNeighbourMixing(${mixed}())`}\``;
}

const ATTACKS = ['none', 'labelFlip', 'signFlip', 'scaling'];

/** What two poisoned clients do, by how updates become one. */
export function poisonedTable({ poisoned, about }) {
  if (poisoned === undefined) return notYet('poisoned');
  const { clients, poisonRounds, poisonAlpha, poisonSeeds } = about.poisoned;
  const combines = [...new Set(poisoned.map(({ combine }) => combine))];
  const cell = (combine, attack) => {
    const row = poisoned.find((one) => one.combine === combine && one.attack === attack);
    return attack === 'none' ? percent(row.accuracy) : `${percent(row.accuracy)} (${points(-row.loss)})`;
  };
  return [
    `Accuracy with two of ${clients} clients poisoned, Dirichlet ${poisonAlpha}, ${poisonRounds} rounds of \`fedAvg\`, means of ${countOf(poisonSeeds, 'seed')}, on ${held(about.poisoned)} (${about.poisoned.machine}); in brackets, points against the same \`combine\` without poison:`,
    '',
    table(
      ['`combine`', 'no poison', 'labels flipped', 'changes × −4', 'changes × 100'],
      combines.map((combine) => [callOf(combine), ...ATTACKS.map((attack) => cell(combine, attack))]),
    ),
  ].join('\n');
}

/** What killing processes and servers cost. */
export function faultsSentence({ faults, faultsNotWaiting, about }) {
  if (faults === undefined) return notYet('faults');
  const { kills, killsOf, completed, doubleCounted, accuracyLoss, meanAccuracyLoss, undisturbedAccuracy, runs } =
    faults;
  const { faultClients, faultRounds } = about.faults;
  const lost = (loss) => `${figure(Math.max(0, 100 * loss))} points`;
  return [
    `In ${countOf(runs.length, 'run')} of ${faultRounds} rounds, each with ${faultClients} clients in processes of their own on a cluster of three servers, whoever aggregates was killed ${countOf(killsOf.aggregator, 'time')}, a server ${countOf(killsOf.server, 'time')}, and half of the clients ${countOf(killsOf.halfOfClients, 'time')}, at random moments.`,
    `Training went on to the last round after ${completed} of ${kills} kills; ${doubleCounted} updates counted twice. The undisturbed run reached ${percent(undisturbedAccuracy)}; the disturbed ones lost ${lost(meanAccuracyLoss)} in the mean, and ${lost(accuracyLoss)} at most: the last round waited for all ${faultClients} (\`clientsToEnd\`).`,
    ...(faultsNotWaiting
      ? [
          `Without waiting they had lost ${lost(faultsNotWaiting.meanAccuracyLoss)} in the mean, and ${lost(faultsNotWaiting.accuracyLoss)} at most.`,
        ]
      : []),
  ].join('\n');
}

/** Aggregation of ever more clients, and what a cluster of three servers carries. */
export function scaleTable({ scale, carrier, about }) {
  if (scale === undefined) return notYet('scale');
  const perSecond = (value) => `${bytes(value)} a second`;
  return [
    `Measured ${about.scale.date.slice(0, 10)} on one machine (${about.scale.machine}). One round with a small student, so the times say what a client costs, not what a weight does:`,
    '',
    table(
      [
        'clients',
        'bytes of their updates',
        'to read, check and average them',
        'the entry that all read',
        'who contributed',
      ],
      scale.map((row) => [
        figure(row.clients),
        bytes(row.bytes),
        `${figure(row.aggregateMs)} ms`,
        bytes(row.headBytes),
        bytes(row.recordBytes),
      ]),
    ),
    '',
    `Three NATS servers beside each other on that machine, everything kept ${carrier.replicas} times:`,
    '',
    table(
      ['', 'written', 'read'],
      [
        ['entries a second', figure(carrier.entriesWrittenPerSecond), figure(carrier.entriesReadPerSecond)],
        [
          `objects of ${bytes(carrier.objectBytes)}`,
          perSecond(carrier.bytesWrittenPerSecond),
          perSecond(carrier.bytesReadPerSecond),
        ],
      ],
    ),
  ].join('\n');
}

const DEVICES = 1e6;
const HOUR = 3600;
/** NATS's default limit of a message, and so of an entry. */
const MOST_ENTRY_BYTES = 1_048_576;

/** What a million devices need, in proportion to what was measured. */
export function millionTable({ strategies, scale, carrier }) {
  if (scale === undefined || strategies === undefined) return notYet('strategies,scale');
  const { updateBytes } = strategies.find(({ name }) => name === 'fedAvg');
  const [few, many] = [scale[0], scale.at(-1)];
  const linear = (name) => (participants) =>
    few[name] + ((many[name] - few[name]) / (many.clients - few.clients)) * (participants - few.clients);
  const [entry, record] = [linear('headBytes'), linear('recordBytes')];
  const columns = [1000, 10_000, 100_000].map((participants) => {
    const gathered = participants * updateBytes;
    const out = DEVICES * (updateBytes + entry(participants));
    const readSeconds = out / carrier.bytesReadPerSecond;
    const aggregateSeconds = (many.aggregateMs * gathered) / many.bytes / 1000 + gathered / carrier.bytesReadPerSecond;
    const [entryBytes, recordBytes] = [entry(participants), record(participants)];
    return { participants, gathered, out, readSeconds, aggregateSeconds, entryBytes, recordBytes };
  });
  const row = (name, cell) => [name, ...columns.map(cell)];
  const beats = (seconds) => DEVICES / seconds / carrier.entriesWrittenPerSecond;
  return [
    `A million devices that are all there, an update and a student of ${bytes(updateBytes)} each:`,
    '',
    table(
      ['of them take part in a round', ...columns.map(({ participants }) => figure(participants))],
      [
        row('updates', ({ gathered }) => bytes(gathered)),
        row('the same, kept three times', ({ gathered }) => bytes(3 * gathered)),
        row('the student and the entry of the round, to all devices', ({ out }) => bytes(out)),
        row('such clusters, to hand that out within an hour', ({ readSeconds }) =>
          figure(Math.ceil(readSeconds / HOUR)),
        ),
        row('one client, to read and average the updates', ({ aggregateSeconds }) => duration(1000 * aggregateSeconds)),
        row('the entry of the round', ({ entryBytes }) =>
          entryBytes <= MOST_ENTRY_BYTES ? bytes(entryBytes) : `${bytes(entryBytes)}: too large for a message`,
        ),
        row('who contributed, to each device that asks', ({ recordBytes }) => bytes(recordBytes)),
      ],
    ),
    '',
    `Heartbeats of a million devices need ${figure(beats(2))} such clusters at the default \`beatMs\` of two seconds, and ${figure(beats(600))} at ten minutes. Whoever leads reads each of them once in that time: ${duration((1000 * DEVICES) / carrier.entriesReadPerSecond)} at this cluster's pace.`,
  ].join('\n');
}
