import { LimbeckError } from '../core/errors.ts';
import { checkFraction } from '../core/options.ts';
import { type Run, startRun } from '../core/run.ts';
import type { LabelledDataset } from '../data/dataset.ts';
import { type Board, openBoard } from './board.ts';
import { deviceClock } from './clock.ts';
import { type FederateOptions, readOptions } from './federateOptions.ts';
import { openClient } from './openClient.ts';
import { requireSame } from './session.ts';
import { sharedFromBytes } from './sharedFile.ts';
import { placeOf, stepBytes } from './takePart.ts';
import { updateHash } from './update.ts';

/** The options of the federation, and whose examples are known here. */
export interface AuditOptions extends Omit<FederateOptions, 'client' | 'data' | 'holdout'> {
  /** The examples of a client; undefined if they are not known here, so that it cannot be audited. */
  readonly examplesOf: (client: string) => LabelledDataset | undefined;
  /** The share of these clients that is audited, at least one, drawn so that nobody can foresee it. From 0 to 1. Default 0.1. */
  readonly share?: number;
}

/** Whether an update that counted is what the client's step gives from its examples. */
export interface Audited {
  readonly round: number;
  readonly client: string;
  /** SHA-256 of the update that counted, and of the one that the step gave here. */
  readonly claimed: string;
  readonly repeated: string;
  readonly isSame: boolean;
}

/**
 * Repeats the steps of some clients in the last round that is over, and compares their updates bit for bit. It tells something where
 * training is reproducible: all devices on one backend, SIMD level and version, with the same `epochs`, `batchSize` and `optimizer`.
 * Who audits needs the clients' examples, so it is for devices of one owner, and for examples that are no secret.
 * Throws    invalid-option: a strategy whose clients have students of their own, or an encoding, which may remember former rounds; no
 *           round is over · what `federate` throws before it joins · AbortError
 *
 * @example
 * const transport = await openBroadcastChannel('digits');
 * const audited = await audit({ transport, student: mlp(), examplesOf: () => labelled, share: 1 }).done;
 * show(audited.filter(({ isSame }) => !isSame).map(({ client }) => client));
 */
export function audit({ examplesOf, share = 0.1, ...options }: AuditOptions): Run<readonly Audited[], Audited> {
  checkFraction(share, 'share');
  return startRun((emit, signal) => work({ examplesOf, share, ...options }, emit, signal), options.signal);
}

async function work(
  { examplesOf, share, ...options }: AuditOptions & { readonly share: number },
  emit: (audited: Audited) => void,
  signal: AbortSignal,
): Promise<readonly Audited[]> {
  if (options.strategy?.isPersonal === true || options.encoding !== undefined) {
    throw new LimbeckError(
      'invalid-option',
      'audit repeats steps that depend on nothing but the round’s beginning: give no encoding, and no strategy whose clients have ' +
        'students of their own, such as fedMd.',
    );
  }
  const surroundings = { emit: () => undefined, signal, clock: deviceClock };
  const board = openBoard(options.transport, {
    ...{ signal, clock: deviceClock, offlineMs: options.offlineMs ?? 0, mostModelBytes: 0, notice: () => undefined },
  });
  const { record, settings } = await lastRound(board);
  const { round, base } = record;
  const known = record.contributions.flatMap((one) => {
    const data = examplesOf(one.client);
    return data === undefined ? [] : [{ ...one, data }];
  });
  const all: Audited[] = [];
  for (const { client, hash: claimed, data } of drawn(known, Math.ceil(share * known.length))) {
    await using opened = await openClient(readOptions({ ...options, client, data }), surroundings);
    const { session } = opened;
    requireSame(session.settings, settings, session.federation);
    const shared = await sharedFromBytes(await session.board.model(round, base), session.member.shared);
    const bytes = await stepBytes(session, { shared, base }, placeOf(session, round, signal));
    const repeated = await updateHash(bytes);
    const audited = { round, client, claimed, repeated, isSame: repeated === claimed };
    all.push(audited);
    emit(audited);
  }
  return all;
}

async function lastRound(board: Board) {
  const head = (await board.head())?.record;
  const round = head === undefined ? 0 : head.phase === 'done' ? head.round : head.round - 1;
  const record = head?.record === undefined ? undefined : await board.record(round, head.record);
  if (head !== undefined && record !== undefined) return { record, settings: head.settings };
  throw new LimbeckError('invalid-option', 'No round of this federation is over, so there is nothing to audit.');
}

/** So many of a list, by numbers that nobody can foresee. */
function drawn<T>(list: readonly T[], count: number): T[] {
  const keys = crypto.getRandomValues(new Uint32Array(list.length));
  const order = [...list.keys()].sort((a, b) => (keys[a] as number) - (keys[b] as number));
  return order.slice(0, count).map((i) => list[i] as T);
}
