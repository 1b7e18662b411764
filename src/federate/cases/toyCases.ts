// Clients that learn nothing but count: what a round gives tells whose updates it holds, and how often. Only tests import this file.
import { LimbeckError } from '../../core/errors.ts';
import { openBoard } from '../board.ts';
import type { Clock } from '../clock.ts';
import { weightedMean } from '../combine.ts';
import type { FederateEvent } from '../events.ts';
import { runRounds } from '../rounds.ts';
import type { Secure } from '../secure/secureOptions.ts';
import { makeShared, type Pace, type Session } from '../session.ts';
import type { Member, Place } from '../strategy.ts';
import type { Taken } from '../takePart.ts';
import { type Transport, transportFailed } from '../transport.ts';

const LENGTH = 16;
const one = (values: Float32Array) => ({ data: values, shape: [LENGTH] });

/** How a toy client behaves. */
export interface Toy {
  readonly number: number;
  /** Milliseconds that its step takes. */
  readonly stepMs?: (round: number) => number;
  readonly values?: (round: number) => Float32Array;
}

/** A member that sends 1 at its own place; a round adds what was sent to what it began with. */
export function toyMember(
  clock: Clock,
  { number, stepMs = () => 100, values }: Toy,
): Member & { readonly steps: number[] } {
  const steps: number[] = [];
  return {
    steps,
    sent: { count: [LENGTH] },
    shared: { count: [LENGTH] },
    first: () => ({ count: one(new Float32Array(LENGTH)) }),
    adopt: async () => undefined,
    async step(_shared, { round, signal }: Place) {
      await clock.sleep(stepMs(round), signal);
      signal.throwIfAborted();
      steps.push(round);
      const sent = values?.(round) ?? new Float32Array(LENGTH).fill(1, number, number + 1);
      return { count: one(sent) };
    },
    async aggregate({ parts, before }) {
      const sum = Float32Array.from(before['count']?.data ?? []);
      for (const { values: sent } of parts) {
        for (const [i, value] of (sent['count']?.data ?? []).entries()) sum[i] = (sum[i] as number) + value;
      }
      return { values: { count: one(sum) }, rejected: [] };
    },
    artifacts: () => {
      throw new Error('a toy has no student');
    },
  };
}

export const PACE: Pace = {
  ...{
    rounds: 4,
    minimumClients: 2,
    clientsToBegin: 2,
    clientsToEnd: 2,
    participation: 1,
    roundMs: 10_000,
    beatMs: 500,
    vanishMs: 3000,
  },
};

/** A client that runs, and what it has told. */
export interface ToyRun {
  readonly done: Promise<Taken>;
  readonly events: FederateEvent[];
  readonly steps: readonly number[];
  /** Resolves when it has died: nothing that it asks is answered any more, and it does not say good-bye. */
  readonly died: Promise<void>;
  leave(): void;
}

export interface ToyOptions extends Toy {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly pace?: Partial<Pace>;
  readonly client?: string;
  readonly mayLead?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly death?: Death;
  readonly secure?: Secure;
  /** Default 1; 0 only aggregates. */
  readonly examples?: number;
}

let runs = 0;

export function startToy(options: ToyOptions): ToyRun {
  const { clock, number, pace = {}, client = `c${number}`, mayLead = true, settings = {}, examples = 1 } = options;
  const { transport, died } = mortal(options.transport, options.death);
  const member = toyMember(clock, options);
  const events: FederateEvent[] = [];
  const over = new AbortController();
  const emit = (event: FederateEvent) => void events.push(event);
  const board = openBoard(transport, {
    ...{ clock, signal: over.signal, offlineMs: 600_000, mostModelBytes: 1e6, notice: () => undefined },
  });
  const session: Session = {
    ...{ federation: 'toys', client, id: `run-${++runs}`, board, clock, member, kind: 'weights', settings },
    ...{ combine: weightedMean(), encoding: undefined, examples, seed: 7, mostUpdateBytes: 1e6, mostExamples: 100 },
    ...{
      ...PACE,
      clientsToBegin: pace.minimumClients ?? PACE.minimumClients,
      clientsToEnd: pace.minimumClients ?? PACE.minimumClients,
      ...pace,
      emit,
      secure: options.secure,
      signal: over.signal,
      sharedOf: makeShared(board, member),
    },
  };
  const done = runRounds(session, { onAdopted: async () => undefined, mayLead, readsRecords: true });
  done.catch(() => undefined);
  return { done, events, steps: member.steps, died, leave: () => over.abort() };
}

/** At which of its calls a client dies, counted from 1, and whether that call still has its effect. */
export interface Death {
  readonly atCall: number;
  readonly isDone: boolean;
}

/** A transport whose answers stop at a death, in the middle of whatever is underway. */
function mortal(transport: Transport, death: Death | undefined) {
  let calls = 0;
  let die = () => {};
  const died = new Promise<void>((resolve) => {
    die = resolve;
  });
  const asked = <Args extends unknown[], T>(ask: (...args: Args) => Promise<T>) => {
    return async (...args: Args): Promise<T> => {
      calls++;
      if (death === undefined || calls < death.atCall) return ask(...args);
      if (calls === death.atCall && death.isDone) await ask(...args);
      die();
      return new Promise<never>(() => undefined);
    };
  };
  const { get, put, list, delete: remove, putObject, getObject, deleteObject } = transport;
  const own: Transport = {
    ...transport,
    ...{ get: asked(get), put: asked(put), list: asked(list), delete: asked(remove) },
    ...{ putObject: asked(putObject), getObject: asked(getObject), deleteObject: asked(deleteObject) },
  };
  return { transport: own, died };
}

/** A transport that sometimes fails, sometimes after it has done what it was asked. */
export function flaky(transport: Transport, fails: () => boolean): Transport {
  const failing = <Args extends unknown[], T>(ask: (...args: Args) => Promise<T>) => {
    return async (...args: Args): Promise<T> => {
      if (fails()) throw transportFailed('flaky', 'it did not hear');
      const answer = await ask(...args);
      if (fails()) throw transportFailed('flaky', 'its answer was lost');
      return answer;
    };
  };
  const { get, put, list, delete: remove, putObject, getObject, deleteObject } = transport;
  return {
    ...transport,
    ...{ get: failing(get), put: failing(put), list: failing(list), delete: failing(remove) },
    ...{ putObject: failing(putObject), getObject: failing(getObject), deleteObject: failing(deleteObject) },
  };
}

/** The error's code, or what else it is. */
export async function codeOf(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => 'none',
    (error: unknown) => (error instanceof LimbeckError ? error.code : String(error)),
  );
}
