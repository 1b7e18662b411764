import { type Run, startRun } from '../core/run.ts';
import { count, flag, fraction, given, type OptionsOf, positive, type Read, required, schema } from '../core/schema.ts';
import { mean } from '../core/stats.ts';
import type { Dataset, LabelledDataset } from '../data/dataset.ts';
import { batches, pick } from '../data/views.ts';
import type { Student } from '../student/student.ts';
import type { OptimizerOptions } from '../train/optimizerOptions.ts';
import { openTrainer, type Trainer } from '../train/trainer.ts';
import type { Combine } from './combine.ts';
import { type AloneEvent, compareAlone } from './compareAlone.ts';
import { dirichletShares } from './dirichlet.ts';
import { federate } from './federate.ts';
import type { Federated } from './federateReport.ts';
import { fedAvg } from './strategies/fedAvg.ts';
import type { Strategy } from './strategy.ts';
import type { Transport } from './transport.ts';
import { loopback } from './transports/loopback.ts';
import type { Encoding } from './update.ts';

const OPTIONS = schema('simulate', {
  /** Makes the student of a client, counted from 0. */
  student: required(given<(client: number) => Student>()),
  /** All examples, which are shared among the clients. */
  data: required(given<LabelledDataset>()),
  /** Examples of nobody, on which every round is measured. */
  holdout: required(given<LabelledDataset>()),
  /** See `FederateOptions`. */
  publicData: given<Dataset>(),
  /** Default 10. */
  clients: count(2)(10),
  /** How different the clients' classes are: see `dirichletShares`. Default 0.1. */
  alpha: positive(0.1),
  /** What a client, counted from 0, learns from in place of its share: what poisoned or poor examples do. Default: its share. */
  shareOf: given<(client: number, share: LabelledDataset) => LabelledDataset>(),
  /** Default: fedAvg(). */
  strategy: given<Strategy>(),
  /** Default: the mean. */
  combine: given<Combine>(),
  /** Makes the encoding of a client. Default: none. */
  encoding: given<(client: number) => Encoding>(),
  /** Opens the transport of a client. Default: a loopback. */
  transport: given<(client: number) => Transport | Promise<Transport>>(),
  /** Default 10. */
  rounds: count()(10),
  /** Default 1. */
  participation: fraction(1),
  /** Default 1. */
  epochs: count()(1),
  /** Default 32. */
  batchSize: count()(32),
  /** Default: adam at a learning rate of 0.001. */
  optimizer: given<OptimizerOptions>(),
  /** Whether all clients read who contributed to each round, as devices may leave out; the first does anyway. Default true. */
  records: flag(true),
  /** Whether to train also each client alone and one student on all examples, for as many steps, to compare. Default false. */
  compare: flag(false),
  /** Default 0. */
  seed: count(0)(0),
  /** Open trainers, among which the clients are divided; they stay open. Default: one on this thread. */
  trainers: given<readonly Trainer[]>(),
  /** Cancels the run. */
  signal: given<AbortSignal>(),
});

/** How many clients there are, what they learn from, and how. */
export interface SimulateOptions extends OptionsOf<typeof OPTIONS> {}

/** What a simulation reports while it works. */
export type SimulateEvent =
  | {
      readonly type: 'round';
      readonly round: number;
      readonly rounds: number;
      /** On the holdout; where clients have different students, the mean of all. */
      readonly accuracy: number;
      /** Of the updates that counted: how many, and the mean of their bytes. */
      readonly clients: number;
      readonly updateBytes: number;
      readonly ms: number;
      /** Of these, the milliseconds of whoever aggregated. */
      readonly aggregateMs: number;
    }
  | AloneEvent;

/** What came out, and what it cost. */
export interface SimulationReport {
  readonly strategy: string;
  readonly clients: number;
  readonly alpha: number;
  readonly seed: number;
  readonly rounds: readonly Omit<Extract<SimulateEvent, { type: 'round' }>, 'type' | 'rounds'>[];
  /** After the last round. */
  readonly accuracy: number;
  /** Of the best client that learned alone, and of one student that learned all examples. */
  readonly bestAlone?: number;
  readonly centralAccuracy?: number;
  /** Given to the transport and got from it, all entries and objects counted. */
  readonly bytesPerClientPerRound: number;
}

/**
 * A federation of virtual clients in one program: real clients, strategies and rounds, over a loopback or any transport. The same
 * seed gives the same bits.
 * Throws    invalid-option · labels-missing · what `federate` throws · AbortError
 * @example
 * const run = simulate({ student: () => mlp(), data: labelled, holdout, clients: 20, alpha: 0.1, strategy: fedProx() });
 * for await (const event of run) if (event.type === 'round') show(event.accuracy);
 */
export function simulate(options: SimulateOptions): Run<SimulationReport, SimulateEvent> {
  return startRun((emit, signal) => play(OPTIONS.read(options), emit, signal), options.signal);
}

async function play(
  settings: Read<typeof OPTIONS>,
  emit: (event: SimulateEvent) => void,
  signal: AbortSignal,
): Promise<SimulationReport> {
  const { data, clients, alpha, seed, strategy = fedAvg(), trainers: given } = settings;
  const { shareOf = (_: number, share: LabelledDataset) => share } = settings;
  const shares = dirichletShares(await labelsOf(data, signal), clients, alpha, seed).map((indices, client) =>
    shareOf(client, pick(data, indices)),
  );
  await using own = given === undefined ? await openTrainer({ worker: 'none' }) : undefined;
  const trainers = given ?? [own as Trainer];
  const { results, rounds } = await playRounds({ ...settings, strategy }, shares, trainers, emit, signal);
  const compared = settings.compare ? await compareAlone({ ...settings, shares, trainers }, emit, signal) : {};
  return {
    ...{ strategy: strategy.name, clients, alpha, seed, rounds, accuracy: rounds.at(-1)?.accuracy ?? Number.NaN },
    ...compared,
    bytesPerClientPerRound: mean(
      results.map(({ report: { sentBytes, receivedBytes } }) => (sentBytes + receivedBytes) / settings.rounds),
    ),
  };
}

async function playRounds(
  settings: Read<typeof OPTIONS> & { readonly strategy: Strategy },
  shares: readonly LabelledDataset[],
  trainers: readonly Trainer[],
  emit: (event: SimulateEvent) => void,
  signal: AbortSignal,
) {
  const { student, holdout, publicData, clients, strategy, combine, encoding, rounds: total } = settings;
  const { participation, epochs, batchSize, optimizer, seed } = settings;
  const federation = loopback();
  const open = settings.transport ?? (() => federation.open());
  // Many clients need not look often: they are told of what changes.
  const beatMs = Math.max(100, 5 * clients);
  const opened: Transport[] = [];
  // Each has a signal of its own: one with the listeners of all clients looks like a leak to Node, which warns of it.
  const ends = shares.map(() => new AbortController());
  const endAll = () => {
    for (const end of ends) end.abort(signal.reason);
  };
  signal.addEventListener('abort', endAll, { once: true });
  if (signal.aborted) endAll();
  const measured = new Map<number, number[]>();
  const rounds: SimulationReport['rounds'][number][] = [];
  const ended = new Map<number, { clients: number; updateBytes: number; ms: number }>();
  const closed = new Map<number, number>();
  let startedAt = performance.now();
  /** A round is told when all that measure it have. */
  const tell = (round: number, measuring: number) => {
    const end = ended.get(round);
    const accuracies = measured.get(round) ?? [];
    if (end === undefined || accuracies.length < measuring) return;
    const figures = { round, accuracy: mean(accuracies), ...end, aggregateMs: closed.get(round) ?? 0 };
    rounds.push(figures);
    emit({ type: 'round', rounds: total, ...figures });
  };
  try {
    const runs = shares.map(async (data, client): Promise<Federated> => {
      const transport = await open(client);
      opened.push(transport);
      const measures = strategy.isPersonal === true || client === 0;
      const run = federate({
        ...{ transport, data, student: student(client), client: `client-${client}`, strategy },
        ...{ publicData, combine, ...(encoding && { encoding: encoding(client) }), ...(measures && { holdout }) },
        ...{ rounds: total, clientsToBegin: clients, minimumClients: Math.min(2, clients), participation },
        ...{ beatMs, vanishMs: 1e9, roundMs: 1e9, epochs, batchSize, optimizer, seed },
        records: settings.records || client === 0,
        ...{ trainer: trainers[client % trainers.length] as Trainer, signal: ends[client]?.signal },
      });
      for await (const event of run) {
        if (event.type === 'evaluated') {
          measured.set(event.round, [...(measured.get(event.round) ?? []), event.accuracy]);
          tell(event.round, strategy.isPersonal ? clients : 1);
        } else if (event.type === 'closed') {
          closed.set(event.round, event.ms);
        } else if (event.type === 'aggregated' && client === 0) {
          const sizes = event.contributions.map(({ bytes }) => bytes);
          const now = performance.now();
          ended.set(event.round, { clients: sizes.length, updateBytes: mean(sizes), ms: now - startedAt });
          startedAt = now;
        }
      }
      return run.done;
    });
    const results = await Promise.all(runs);
    const inOrder = rounds.sort((a, b) => a.round - b.round);
    // Whoever aggregates may tell of it after the others.
    return { results, rounds: inOrder.map((one) => ({ ...one, aggregateMs: closed.get(one.round) ?? 0 })) };
  } finally {
    signal.removeEventListener('abort', endAll);
    endAll();
    for (const transport of opened) await transport[Symbol.asyncDispose]();
  }
}

async function labelsOf(data: LabelledDataset, signal: AbortSignal): Promise<Int32Array> {
  const labels = new Int32Array(data.size);
  for await (const { indices, examples } of batches(data, 256, { signal })) labels.set(examples.labels, indices[0]);
  return labels;
}
