import { signal } from '@preact/signals';
import type { FederateEvent } from 'limbeck/federate';
import { errorOf, type PlainError } from '../frame/plainError.ts';
import { startWorker } from '../worker/startWorker.ts';
import type { Agreement, Joining, Told } from './messages.ts';
import { currentStore, nextStore } from './numbered.ts';
import * as setup from './setup.ts';

export type State = 'opening' | 'idle' | 'joining' | 'running' | 'done' | 'failed';

/** A round that is over, as this tab has heard of it. */
export type Round = Extract<FederateEvent, { type: 'aggregated' }> & { readonly accuracy?: number };

export const state = signal<State>('opening');
export const error = signal<PlainError | undefined>(undefined);
export const agreement = signal<Agreement | undefined>(undefined);
/** Under which name this tab takes part. */
export const self = signal('');
/** The current round; 0 before the first. */
export const round = signal(0);
/** What this tab does, in words that seldom change: screen readers say them. */
export const stage = signal('');
/** What happens now, as a sentence. */
export const news = signal('');
export const rounds = signal<readonly Round[]>([]);
export const leads = signal(false);
/** Whether this tab has gone before the end. */
export const hasLeft = signal(false);
export const traffic = signal<{ readonly sentBytes: number; readonly receivedBytes: number } | undefined>(undefined);

let worker: Worker | undefined;

/** Joins the federation that is there, or begins one. */
export async function join(): Promise<void> {
  if (setup.obstacle.value !== undefined) return;
  await start(setup.place.value === 'tabs' ? { store: currentStore() } : setup.natsPlace.value);
}

/** Leaves what the tabs of this browser have learned behind, and begins again. */
export async function beginAnew(): Promise<void> {
  try {
    await start({ store: await nextStore() });
  } catch (cause) {
    fail(errorOf(cause));
  }
}

export function leave(): void {
  // Before it has joined nobody knows of it, and it may be waiting for a server that does not answer.
  if (state.value === 'joining') end('idle');
  stage.value = 'Leaving';
  worker?.postMessage('leave');
}

async function start(place: Joining['place']): Promise<void> {
  if (worker !== undefined) return;
  [error.value, agreement.value, traffic.value, rounds.value, round.value] = [undefined, undefined, undefined, [], 0];
  [leads.value, hasLeft.value, self.value] = [false, false, setup.client.value];
  accuracies.clear();
  [stage.value, news.value] = ['Joining', 'Fetching the digits…'];
  state.value = 'joining';
  const started = startWorker('member');
  worker = started;
  started.addEventListener('message', ({ data }: MessageEvent<Told>) => heard(data));
  started.addEventListener('error', ({ message }) =>
    fail(new Error(`The worker ended${message ? `: ${message}` : ', perhaps for want of memory'}.`)),
  );
  const joining: Joining = {
    ...{ place, client: setup.client.value, share: setup.share.value },
    ...{ strategy: setup.strategy.value, rounds: setup.rounds.value, clientsToBegin: setup.toBegin.value },
    base: new URL('./', document.baseURI).href,
  };
  started.postMessage(joining);
}

function end(next: State): void {
  worker?.terminate();
  worker = undefined;
  state.value = next;
}

function fail(problem: PlainError): void {
  error.value = problem;
  end('failed');
}

function heard(told: Told): void {
  if (told.type === 'event') happened(told.event);
  if (told.type === 'failed') fail(told.error);
  if (told.type === 'agreed') {
    const { strategy, rounds } = told;
    agreement.value = { strategy, rounds };
    news.value = 'Opening the kernels…';
  }
  if (told.type === 'over') {
    const { sentBytes, receivedBytes } = told;
    hasLeft.value = told.hasLeft;
    if (!told.hasLeft) traffic.value = { sentBytes, receivedBytes };
    end('done');
  }
}

const accuracies = new Map<number, number>();

function happened(event: FederateEvent): void {
  if (event.type === 'joined') {
    state.value = 'running';
    round.value = event.round;
    [stage.value, news.value] = ['Waiting for others', 'Looking who else is there…'];
  }
  if (event.type === 'leading') leads.value = true;
  if (event.type === 'waiting') {
    const more = event.needed - event.present;
    stage.value = `Waiting for ${more === 1 ? 'one more' : `${more} more`}`;
    news.value = setup.place.value === 'tabs' ? 'Open this page in another tab, and join there too.' : '';
  }
  if (event.type === 'round') {
    round.value = event.round;
    stage.value = 'Learning together';
    news.value = event.takesPart
      ? `Learning from this tab’s digits; ${event.clients} take part.`
      : `This tab takes part from the next round on; ${event.clients} take part in this one.`;
  }
  if (event.type === 'sent') news.value = 'What it has learned is sent; waiting for the others.';
  if (event.type === 'late') news.value = 'The round ended before this tab was ready. It goes on with the next.';
  if (event.type === 'notice') news.value = event.message;
  if (event.type === 'evaluated') {
    accuracies.set(event.round, event.accuracy);
    rounds.value = rounds.value.map(measured);
  }
  if (event.type === 'aggregated') {
    rounds.value = [...rounds.value, measured(event)];
    if (event.by !== self.value) leads.value = false;
  }
}

function measured(one: Round): Round {
  const accuracy = accuracies.get(one.round);
  return accuracy === undefined ? one : { ...one, accuracy };
}
