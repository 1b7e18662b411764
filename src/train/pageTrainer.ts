import { onMemoryPressure } from '../core/memoryPressure.ts';
import { smallDevice } from '../runtime/smallDevice.ts';
import type { NoticeEvent } from './events.ts';
import { isLost, type StartedTrainer, startTrainer, type Trainer, type TrainerOptions } from './trainer.ts';

/** How long an unused trainer stays warm. */
const IDLE_MS = 60_000;
/** A heap never shrinks, so one that a large student has filled is not kept for the next student, which may be small. */
const MOST_IDLE_BYTES = 256e6;

/** A trainer that several users of this page share. */
interface PageTrainer {
  readonly options: TrainerOptions;
  readonly starting: Promise<StartedTrainer>;
  users: number;
  /** One run has it at a time; the others wait here, in order of arrival. */
  isTaken: boolean;
  readonly waiting: (() => void)[];
  idle?: ReturnType<typeof setTimeout> | undefined;
}

/** Trainers that may be used again. One that failed is removed, and ends with its last user. */
const kept = new Set<PageTrainer>();

/** One use of the page's trainer. */
export interface TrainerUse extends AsyncDisposable {
  readonly trainer: Trainer;
}

/** A run waits until earlier runs have finished, and says so if it has to. */
export interface Turn {
  readonly signal: AbortSignal;
  readonly emit: (event: NoticeEvent) => void;
}

const WAITS =
  'Another run uses the trainer of this page; this one starts when it has finished. To run both at once, give one a trainer ' +
  'of its own: trainer: await openTrainer(). A run that another one waits for needs that too.';

/**
 * The page's trainer for these options. It starts at its first use, stays warm for the next, and ends after a minute
 * without use, when the page is left or when memory is short. Without a `turn` the caller only predicts, between the steps
 * of the run that has it.
 * Throws    what `openTrainer` throws · AbortError while it waits
 */
export async function usePageTrainer(options: TrainerOptions, turn?: Turn): Promise<TrainerUse> {
  const own = find(options) ?? start(options);
  own.users++;
  clearTimeout(own.idle);
  let hasTurn = false;
  let isOver = false;
  const leave = async () => {
    if (isOver) return;
    isOver = true;
    if (hasTurn) pass(own);
    own.users--;
    if (own.users === 0) await rest(own);
  };
  try {
    const { trainer } = await own.starting;
    if (turn !== undefined) {
      await takeTurn(own, turn);
      hasTurn = true;
      // Lost by an earlier run, which does not concern this one.
      if (!kept.has(own)) {
        await leave();
        return usePageTrainer(options, turn);
      }
    }
    return { trainer: noticing(trainer, own), [Symbol.asyncDispose]: leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

/**
 * Ends the trainer that this page keeps between runs, if no run uses it; the next run starts another. Call it on a page that
 * needs the memory for something else; otherwise the trainer ends by itself.
 */
export async function releaseTrainer(): Promise<void> {
  await endIdle();
}

function find(options: TrainerOptions): PageTrainer | undefined {
  return [...kept].find((one) => isEqual(one.options, options));
}

function start(options: TrainerOptions): PageTrainer {
  const others = endIdle();
  const starting = others.then(() => startTrainer(options));
  const own: PageTrainer = { options, starting, users: 0, isTaken: false, waiting: [] };
  kept.add(own);
  watch();
  starting.then(
    ({ died }) => void died.then(() => endDead(own)),
    () => kept.delete(own),
  );
  return own;
}

/** After an error that it cannot recover from, the next run gets a new trainer. */
function noticing(trainer: Trainer, own: PageTrainer): Trainer {
  const note = (error: unknown) => {
    if (isLost(error)) kept.delete(own);
  };
  const noted = <T>(answer: Promise<T>) => {
    answer.catch(note);
    return answer;
  };
  return {
    ...trainer,
    check: (...job) => noted(trainer.check(...job)),
    async train(...job) {
      const outcome = await noted(trainer.train(...job));
      note(outcome.error);
      return outcome;
    },
    predict: (student, inputs) => noted(trainer.predict(student, inputs)),
    generate: (...asked) => noted(trainer.generate(...asked)),
    timeMs: (student, inputs, repeats) => noted(trainer.timeMs(student, inputs, repeats)),
  };
}

function takeTurn(own: PageTrainer, { signal, emit }: Turn): Promise<void> {
  signal.throwIfAborted();
  if (!own.isTaken) {
    own.isTaken = true;
    return Promise.resolve();
  }
  emit({ type: 'notice', message: WAITS });
  return new Promise((resolve, reject) => {
    const go = () => {
      signal.removeEventListener('abort', stop);
      resolve();
    };
    const stop = () => {
      own.waiting.splice(own.waiting.indexOf(go), 1);
      reject(signal.reason);
    };
    own.waiting.push(go);
    signal.addEventListener('abort', stop, { once: true });
  });
}

function pass(own: PageTrainer): void {
  const next = own.waiting.shift();
  if (next === undefined) own.isTaken = false;
  else next();
}

/** Without users it stays warm for a while, or ends. */
async function rest(own: PageTrainer): Promise<void> {
  if (!kept.has(own)) return end(own);
  // Keeps one warm, not one for each set of options.
  await Promise.all([...kept].filter((one) => one !== own).map(endWhereIdle));
  if (own.users > 0) return;
  clearTimeout(own.idle);
  own.idle = setTimeout(() => void endWhereIdle(own), IDLE_MS);
  // In Node a timer would keep the process alive.
  (own.idle as unknown as { unref?: () => void }).unref?.();
  const { trainer } = await own.starting;
  const heapBytes = await trainer.memory().then(
    (memory) => memory.heapBytes,
    () => Number.POSITIVE_INFINITY,
  );
  if (heapBytes > MOST_IDLE_BYTES) await endWhereIdle(own);
}

async function endDead(own: PageTrainer): Promise<void> {
  kept.delete(own);
  if (own.users === 0) await end(own);
}

async function endWhereIdle(own: PageTrainer): Promise<boolean> {
  if (own.users > 0 || !kept.delete(own)) return false;
  await end(own);
  return true;
}

async function end(own: PageTrainer): Promise<void> {
  clearTimeout(own.idle);
  const started = await own.starting.catch(() => undefined);
  await started?.trainer[Symbol.asyncDispose]();
}

async function endIdle(): Promise<boolean> {
  return (await Promise.all([...kept].map(endWhereIdle))).includes(true);
}

let isWatched = false;

/**
 * The trainer also ends when the page is left, because WebKit would keep its worker; and on a device with little memory when
 * the page is hidden, because hidden pages are ended first there, and sooner if they hold much.
 */
function watch(): void {
  if (isWatched) return;
  isWatched = true;
  onMemoryPressure(endIdle);
  globalThis.addEventListener?.('pagehide', () => void endIdle());
  if (smallDevice() === undefined) return;
  globalThis.document?.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') void endIdle();
  });
}

/** Workers made by the same function are alike; others may not be. */
function isEqual(one: TrainerOptions, other: TrainerOptions): boolean {
  const [a, b] = [one, other].map((options) => ({ worker: 'shipped', ...options }) as TrainerOptions);
  const names = Object.keys({ ...a, ...b }) as (keyof TrainerOptions)[];
  return names.every((name) => a?.[name] === b?.[name]);
}
