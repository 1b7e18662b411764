import { fraction, notNegative, type OptionsOf, positive, type Read, schema } from '../../core/schema.ts';
import { BUDGET } from '../budget.ts';

export const IDLE = schema('idle', {
  /** Milliseconds that learning may take at a time. Default 2000. */
  ms: positive(2000),
  /** Steps that it may take at a time. Default: as many as fit into the time. */
  steps: BUDGET.fields.steps,
  /** Milliseconds without another example before it begins, so that several are learned together. Default 1000. */
  quietMs: notNegative(1000),
  /** It waits while the battery is below this fraction and not charging, if the browser says so. Default 0.2. */
  batteryFraction: fraction(0.2),
});

/** When learning by itself may begin, and how much of it is done at a time. */
export interface IdleOptions extends OptionsOf<typeof IDLE> {}

export interface IdleWork {
  /** There is something to do. */
  schedule(): void;
  /** Stops running work, and repeats it when the page is idle next. */
  interrupt(): void;
  pause(): void;
  resume(): void;
  /** Stops for good, and waits until nothing is running. */
  stop(): Promise<void>;
}

/** The part of the Battery Status API that is read here; TypeScript's DOM library has none of it. */
interface Battery extends EventTarget {
  readonly level: number;
  readonly charging: boolean;
}

const BATTERY_EVENTS = ['levelchange', 'chargingchange'] as const;

/**
 * Does work when the page has nothing else to do (`requestIdleCallback`, or only a timer where that is missing, as in
 * workers), is visible, and has power. When that changes, the signal is aborted and the work is due again. Work that fails
 * is not retried until it is scheduled again.
 */
export function idleWork(
  work: (signal: AbortSignal) => Promise<void>,
  { quietMs, batteryFraction }: Pick<Read<typeof IDLE>, 'quietMs' | 'batteryFraction'>,
  onFailed: (error: unknown) => void,
): IdleWork {
  const { document } = globalThis;
  let battery: Battery | undefined;
  let isDue = false;
  let isPaused = false;
  let isStopped = false;
  let cancelWait: (() => void) | undefined;
  let underway: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;

  const mayWork = () => {
    const isHidden = document?.visibilityState === 'hidden';
    const isLow = battery !== undefined && !battery.charging && battery.level < batteryFraction;
    return !isPaused && !isStopped && !isHidden && !isLow;
  };

  function consider(): void {
    if (!mayWork()) {
      cancelWait?.();
      interrupt();
    } else if (isDue && underway === undefined && cancelWait === undefined) {
      cancelWait = whenIdle(quietMs, begin);
    }
  }

  function begin(): void {
    cancelWait = undefined;
    if (!isDue || !mayWork()) return;
    isDue = false;
    const controller = new AbortController();
    const ended = work(controller.signal)
      .catch((error: unknown) => {
        if (!controller.signal.aborted) onFailed(error);
      })
      .then(() => {
        underway = undefined;
        consider();
      });
    underway = { controller, ended };
  }

  function interrupt(): void {
    if (underway === undefined) return;
    isDue = true;
    underway.controller.abort();
  }

  /** Starts the wait again. */
  function schedule(): void {
    isDue = true;
    cancelWait?.();
    consider();
  }

  function whenIdle(ms: number, then: () => void): () => void {
    const { requestIdleCallback, cancelIdleCallback } = globalThis as Partial<typeof globalThis>;
    let request: number | undefined;
    const timer = setTimeout(() => {
      if (requestIdleCallback === undefined) then();
      else request = requestIdleCallback(then);
    }, ms);
    // In Node a timer would keep the process alive.
    (timer as { unref?: () => void }).unref?.();
    return () => {
      clearTimeout(timer);
      if (request !== undefined) cancelIdleCallback?.(request);
      cancelWait = undefined;
    };
  }

  document?.addEventListener('visibilitychange', consider);
  const asked = (globalThis.navigator as { getBattery?: () => Promise<Battery> } | undefined)?.getBattery?.();
  // A page that may not ask counts as having power.
  const found = asked?.then(
    (answer) => {
      if (isStopped) return;
      battery = answer;
      for (const event of BATTERY_EVENTS) battery.addEventListener(event, consider);
      consider();
    },
    () => undefined,
  );

  return {
    schedule,
    interrupt,
    pause() {
      isPaused = true;
      consider();
    },
    resume() {
      isPaused = false;
      consider();
    },
    async stop() {
      isStopped = true;
      consider();
      document?.removeEventListener('visibilitychange', consider);
      for (const event of BATTERY_EVENTS) battery?.removeEventListener(event, consider);
      await found;
      await underway?.ended;
    },
  };
}
