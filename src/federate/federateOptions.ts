import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../core/errors.ts';
import { invalidOption } from '../core/options.ts';
import {
  count,
  flag,
  fraction,
  given,
  nested,
  notNegative,
  type OptionsOf,
  positive,
  type Read,
  required,
  schema,
  text,
} from '../core/schema.ts';
import { checkNotEmpty, type Dataset, isLabelled, type LabelledDataset } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import type { Student } from '../student/student.ts';
import { checkOptimizer, type OptimizerOptions } from '../train/optimizerOptions.ts';
import type { Trainer, TrainerOptions } from '../train/trainer.ts';
import type { Combine } from './combine.ts';
import { SECURE } from './secure/secureOptions.ts';
import type { Strategy } from './strategy.ts';
import { isKeyPart, type Transport } from './transport.ts';
import type { Encoding, UpdateSignatures } from './update.ts';

const KEEP = schema('keep', {
  /** Weight of the shared model's answers, where the client's own loss has 1. Default 1. */
  weight: notNegative(1),
  /** Softens them. Default 2. */
  temperature: positive(2),
});

const OPTIONS = schema('federate', {
  /** Carries the federation; it stays open. */
  transport: required(given<Transport>(checkTransport)),
  /** All clients have the same, unless the strategy shares no weights (`fedMd`). It gets the shared weights after each round. */
  student: required(given<Student | LayersModel>()),
  /** This client's own examples, which stay here; 'none' for one that only aggregates, and takes no part in learning. */
  data: required(given<LabelledDataset | 'none'>(checkExamples)),
  /** The federation's name: letters, digits, "_" and "-". Default 'federation'. */
  federation: text('federation'),
  /**
   * This client's name: letters, digits, "_" and "-". Give the same after a reload, so that an update that it has sent already is
   * not made again. Default: a random one.
   */
  client: text(),
  /** How clients learn and how their updates become one. Default: fedAvg(). */
  strategy: given<Strategy>(checkStrategy),
  /** What the updates of a round become, where their mean would trust all of them. Default: weightedMean(). */
  combine: given<Combine>(checkCombine),
  /** How updates are made smaller for their way. Default: they are not. */
  encoding: given<Encoding>(checkEncoding),
  /** Signs this device's updates and checks those of others, where updates travel through what others may write. Default: none. */
  signatures: given<UpdateSignatures>(),
  /** Adds updates up under masks, so that whoever aggregates sees none of them. Default: they are sent as they are. */
  secure: nested(SECURE),
  /** Examples that all clients have, in the same order; labels are not read. Needed by fedMd and fedDf. */
  publicData: given<Dataset>(),
  /** Labelled examples on which this client measures what each round gave. Default: none. */
  holdout: given<LabelledDataset>(checkLabelled),
  /** Default 10. */
  rounds: count()(10),
  /** A round begins, and ends, with at least this many clients. Default 2. */
  minimumClients: count()(2),
  /** The first round waits until this many clients are there. Default: `minimumClients`. */
  clientsToBegin: count()(),
  /**
   * The last round waits until this many clients have sent, at most `roundMs`, and takes in who comes back meanwhile: the shared
   * student knows least of those who were away at the end. Not with `secure`. Default: `minimumClients`.
   */
  clientsToEnd: count()(),
  /** The share of the clients that are there that takes part in a round; chosen by the seed. Default 1. */
  participation: fraction(1),
  /** After so many milliseconds a round no longer waits for clients that are still there. Default 120000. */
  roundMs: positive(120_000),
  /** How often a client says that it is there, and looks at what others do. Default 2000. */
  beatMs: positive(2000),
  /** A client that has not said so for this long has vanished; whoever aggregates is replaced. Default 15000. */
  vanishMs: positive(15_000),
  /** How long a transport that cannot be reached is tried again. Default 600000. */
  offlineMs: notNegative(600_000),
  /** Whether this client may aggregate. Default true. */
  mayAggregate: flag(true),
  /**
   * Whether this client reads who contributed to each round, for the events 'aggregated' and for `report.rounds`. The record has some
   * 130 bytes for each update, and is the largest of all that a device reads where thousands take part. Default true.
   */
  records: flag(true),
  /** Larger updates are not read. Default 256e6. */
  mostUpdateBytes: count()(256e6),
  /** No update counts for more examples than this. Default 1e6. */
  mostExamples: count()(1e6),
  /** How often a client sees each of its examples in a round. Default 1. */
  epochs: count()(1),
  /** Default 32. */
  batchSize: count()(32),
  /** How a client's weights follow their gradients; it starts anew in each round. Default: adam at a learning rate of 0.001. */
  optimizer: given<OptimizerOptions>(checkOptimizer),
  /** What a client learns from its labels. Default: crossEntropy(). */
  loss: given<Loss>(),
  /** Distils the shared model into the client's step, against forgetting what others know. Default: none. */
  keep: nested(KEEP),
  /** Determines first weights, order, and who takes part; all clients have the same. Default 0. */
  seed: count(0)(0),
  /** An open trainer, which stays open; or how to open the page's. Default: the page's, in turns with other runs. */
  trainer: given<Trainer | TrainerOptions>(),
  /** Cancels the run: the client leaves, and the federation goes on without it. */
  signal: given<AbortSignal>(),
});

/** What a client learns from, with whom, and how rounds go. */
export interface FederateOptions extends OptionsOf<typeof OPTIONS> {}

/** The same, checked, with their defaults. Who only aggregates has no example. */
export type FederateSettings = Omit<Read<typeof OPTIONS>, 'data'> & { readonly data: LabelledDataset };

const NO_EXAMPLES: LabelledDataset = {
  ...{ size: 0, inputs: {}, hasLabels: true },
  read: async () => ({ inputs: {}, labels: new Int32Array() }),
};

/** Throws    invalid-option · labels-missing · empty-dataset */
export function readOptions(options: FederateOptions): FederateSettings {
  const read = OPTIONS.read(options);
  const { data, holdout, publicData, strategy, combine, federation, client, participation, beatMs, vanishMs } = read;
  for (const [name, value] of Object.entries({ federation, client })) {
    if (value !== undefined && !isKeyPart(value)) {
      throw invalidOption(name, value, '1 to 128 letters, digits, "_" and "-"');
    }
  }
  if (participation === 0) throw invalidOption('participation', participation, 'above 0');
  if (vanishMs < 3 * beatMs)
    throw invalidOption('vanishMs', vanishMs, `three times "beatMs" or more, which was ${beatMs}`);
  if (data !== 'none') checkNotEmpty(data, 'data');
  else if (!read.mayAggregate)
    throw invalidOption('mayAggregate', false, 'true for who has no data: it would do nothing');
  if (holdout !== undefined) checkNotEmpty(holdout, 'holdout');
  if (strategy?.readsPublicData && publicData === undefined) {
    throw new LimbeckError(
      'invalid-option',
      `${strategy.name} compares clients on "publicData": give all of them the same examples, in the same order.`,
    );
  }
  if (publicData !== undefined) checkNotEmpty(publicData, 'publicData');
  if (combine !== undefined && strategy?.takesCombine === false) {
    throw new LimbeckError('invalid-option', `${strategy.name} combines updates in its own way; leave "combine" out.`);
  }
  if (read.secure !== undefined && read.clientsToEnd !== undefined) {
    throw new LimbeckError(
      'invalid-option',
      'With "secure" nobody joins a round that has begun, so "clientsToEnd" cannot wait for anybody. Leave it out.',
    );
  }
  return { ...read, data: data === 'none' ? NO_EXAMPLES : data };
}

function checkTransport(transport: Transport): void {
  if (typeof transport?.putObject === 'function') return;
  throw new LimbeckError('invalid-option', '"transport" must be one, such as loopback().open().');
}

function checkExamples(data: LabelledDataset | 'none', name: string): void {
  if (data !== 'none') checkLabelled(data, name);
}

function checkLabelled(data: LabelledDataset, name: string): void {
  if (typeof data?.read !== 'function') {
    throw new LimbeckError('invalid-option', `"${name}" must be a dataset, such as fromArrays(inputs, labels).`);
  }
  if (!isLabelled(data)) {
    throw new LimbeckError('labels-missing', `"${name}" needs labels; give fromArrays(inputs, labels).`);
  }
}

function checkStrategy(strategy: Strategy): void {
  if (typeof strategy?.open === 'function') return;
  throw new LimbeckError('invalid-option', '"strategy" must be one, called, such as fedAvg().');
}

function checkCombine(combine: Combine): void {
  if (typeof combine?.combine === 'function' && isKeyPart(combine.name)) return;
  throw new LimbeckError('invalid-option', '"combine" must be one, called, such as weightedMean().');
}

function checkEncoding(encoding: Encoding): void {
  if (typeof encoding?.encode === 'function' && isKeyPart(encoding.name)) return;
  throw new LimbeckError('invalid-option', '"encoding" must have a name, encode and decode.');
}
