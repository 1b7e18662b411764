import { LimbeckError } from '../core/errors.ts';
import { sha256, sha256Bytes, toHex } from '../core/hash.ts';
import { derivedSeed } from '../core/random.ts';
import type { Shapes } from '../core/shape.ts';
import type { Dataset } from '../data/dataset.ts';
import { holdDecoded } from '../data/decoded.ts';
import { batches } from '../data/views.ts';
import { lookAtAll } from '../distill/scan.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { specOf } from '../losses/spec.ts';
import { asStudent } from '../student/layersModel.ts';
import { takeStudents } from '../student/lease.ts';
import { type Student, studentFromArtifacts } from '../student/student.ts';
import { borrowTrainer, type Lender, openLender } from '../train/borrowTrainer.ts';
import type { Turn } from '../train/pageTrainer.ts';
import type { Trainer } from '../train/trainer.ts';
import { openBoard } from './board.ts';
import type { Clock } from './clock.ts';
import { weightedMean } from './combine.ts';
import type { FederateEvent } from './events.ts';
import type { FederateSettings } from './federateOptions.ts';
import { builtStudent } from './localTraining.ts';
import { checkSecure } from './secure/secureOptions.ts';
import { makeShared, type Session } from './session.ts';
import { fedAvg } from './strategies/fedAvg.ts';
import type { Device, Strategy } from './strategy.ts';

const HASH_BATCH = 256;
const CHECK_BATCH = 8;

/** A client whose options, data and student were checked, and nothing was sent yet. */
export interface OpenClient extends AsyncDisposable {
  readonly student: Student;
  readonly session: Session;
  readonly trainer: Pick<Trainer, 'train' | 'predict' | 'check'>;
}

export interface Surroundings {
  readonly emit: (event: FederateEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Throws what `federate` throws before it joins. */
export async function openClient(settings: FederateSettings, surroundings: Surroundings): Promise<OpenClient> {
  const { data, holdout, publicData } = settings;
  const lease = takeStudents([settings.student]);
  const decoded = holdDecoded(data, holdout, publicData);
  const lender = openLender(settings.trainer);
  const free = async () => {
    await lender[Symbol.asyncDispose]();
    decoded[Symbol.dispose]();
    lease[Symbol.dispose]();
  };
  try {
    return { ...(await open(settings, surroundings, lender)), [Symbol.asyncDispose]: free };
  } catch (error) {
    await free();
    throw error;
  }
}

async function open(
  settings: FederateSettings,
  { emit, signal, clock }: Surroundings,
  lender: Lender,
): Promise<Omit<OpenClient, keyof AsyncDisposable>> {
  const { data, publicData, strategy = fedAvg(), loss = crossEntropy(), seed, federation } = settings;
  const { combine = weightedMean(), encoding, optimizer = {}, client = crypto.randomUUID() } = settings;
  const student = asStudent(settings.student);
  let round = 0;
  const tell = (event: Parameters<Device['emit']>[0]) => emit({ ...event, round });
  const trainer = borrowedEachTime(lender, { emit: tell, signal });
  const first = { seed: derivedSeed(seed, 'first weights'), signal };
  const artifacts = await builtStudent(student, { trainer, loss }, first);
  const { epochs, batchSize, keep } = settings;
  const device: Device = {
    ...{ artifacts, data, publicData, trainer, loss, optimizer, epochs, batchSize, keep, emit: tell },
  };
  if (data.size > 0) await checkData(settings, device, trainer, signal);
  const member = await strategy.open(device);
  const board = openBoard(settings.transport, {
    ...{ clock, signal, offlineMs: settings.offlineMs, mostModelBytes: mostBytesOf(member.shared) },
    notice: (message) => emit({ type: 'notice', round, message }),
  });
  const {
    rounds,
    minimumClients,
    clientsToBegin = minimumClients,
    clientsToEnd = minimumClients,
    participation,
    roundMs,
    beatMs,
    vanishMs,
  } = settings;
  const { mostUpdateBytes, mostExamples, signatures, secure } = settings;
  if (secure !== undefined) {
    if (data.size > 0) checkSecure(secure, client);
    if (member.takesMeans !== true || combine.isMean !== true || encoding !== undefined) {
      throw new LimbeckError(
        'invalid-option',
        `With "secure" only the mean of all updates is known: ${strategy.name} with this "combine" or "encoding" needs single ones. ` +
          'Leave both out, and take a strategy such as fedAvg().',
      );
    }
  }
  const session: Session = {
    ...{ federation, client, id: crypto.randomUUID(), board, clock, member, kind: strategy.kind, combine, encoding },
    ...{ examples: data.size, seed, signal, sharedOf: makeShared(board, member), mostUpdateBytes, mostExamples },
    ...{ rounds, minimumClients, clientsToBegin, clientsToEnd, participation, roundMs, beatMs, vanishMs },
    ...{ signatures, secure },
    settings: await agreed(settings, strategy, member, signal),
    emit(event) {
      if (event.type === 'round') round = event.round;
      emit(event);
    },
  };
  return { student, session, trainer };
}

/** A federation may take hours, in which the page does other things: a trainer is borrowed for one job at a time. */
function borrowedEachTime(lender: Lender, turn: Turn): OpenClient['trainer'] {
  const borrow = async () => borrowTrainer(await lender.forRun(), turn);
  return {
    async train(...job) {
      await using borrowed = await borrow();
      return await borrowed.trainer.train(...job);
    },
    async check(...job) {
      await using borrowed = await borrow();
      return await borrowed.trainer.check(...job);
    },
    async predict(...asked) {
      await using borrowed = await lender.lend();
      return await borrowed.trainer.predict(...asked);
    },
  };
}

/** What all clients must agree on. */
async function agreed(
  settings: FederateSettings,
  { name, options, readsPublicData = false }: Strategy,
  { shared, sent, settings: own = {} }: Session['member'],
  signal: AbortSignal,
): Promise<Session['settings']> {
  const { rounds, minimumClients, participation, seed, publicData, encoding, combine, signatures, secure } = settings;
  return {
    ...{ strategy: name, options, rounds, minimumClients, participation, seed, shared, sent },
    ...{
      encoding: encoding?.name ?? 'plain',
      combine: combine?.name ?? 'weightedMean',
      isSigned: signatures !== undefined,
      ...(secure && { secure: { range: secure.range, mostWeight: secure.mostWeight, fewest: secure.fewest } }),
    },
    ...(readsPublicData && publicData && { publicData: await hashOf(publicData, signal) }),
    ...own,
  };
}

/** One batch through student, loss and gradient, and a look at every example, before anything travels. */
async function checkData(
  { data, holdout, seed }: FederateSettings,
  { artifacts, loss, optimizer, batchSize }: Device,
  trainer: Pick<Trainer, 'check'>,
  signal: AbortSignal,
): Promise<void> {
  const { teacher } = loss.reads;
  if (teacher.length > 0) {
    throw new LimbeckError(
      'invalid-option',
      `"loss" reads the teacher's ${teacher.join(', ')}, and a client learns from labels. Give a loss such as crossEntropy().`,
    );
  }
  const indices = Int32Array.from({ length: Math.min(CHECK_BATCH, data.size) }, (_, i) => i);
  const { inputs, labels } = await data.read(indices, signal);
  const job = {
    ...{ student: { kind: 'artifacts', artifacts } as const, loss: specOf(loss), optimizer, seed, holdoutSize: 0 },
    ...{ size: data.size, epochs: 1, batchSize },
  };
  const description = await trainer.check(job, { inputs, labels, teacher: {} }, signal);
  const student = studentFromArtifacts('federated', artifacts);
  await lookAtAll({ student, data, ...(holdout && { holdout }) }, loss, description, () => undefined, signal);
}

/** SHA-256 of all inputs in order: clients that compare answers must mean the same examples. */
async function hashOf(data: Dataset, signal: AbortSignal): Promise<string> {
  const hashes: string[] = [];
  for await (const { examples } of batches(data, HASH_BATCH, { signal })) {
    for (const [name, { data: values, shape }] of Object.entries(examples.inputs).sort(([a], [b]) =>
      a < b ? -1 : 1,
    )) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      hashes.push(`${name} ${shape} ${toHex(await sha256Bytes(bytes))}`);
    }
  }
  return sha256(new TextEncoder().encode(hashes.join('\n')));
}

/** Values, and room for a header. */
function mostBytesOf(shapes: Shapes): number {
  const sizes = Object.values(shapes).map((shape) =>
    shape.reduce<number>((product, length) => product * (length ?? 1), 4),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, 0) + 1e6 + 1000 * sizes.length;
}
