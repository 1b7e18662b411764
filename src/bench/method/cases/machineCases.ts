// A machine on which no real time passes: subjects take what a model of noise says, and clocks show the sum.
import type { Subject } from '../../subject.ts';
import type { Clock } from '../clock.ts';

export interface Simulation {
  readonly clock: Clock;
  /** A subject whose pass takes `passMs(pass, now)`; `pass` counts its own passes. */
  subject(passMs: (pass: number, now: number) => number): Subject & { readonly killed: () => boolean };
}

export const NEVER = Number.POSITIVE_INFINITY;

export function simulation(stepMs = 0.005): Simulation {
  let now = 0;
  const timers = new Set<{ at: number; then: () => void }>();
  const show = () => Math.floor(now / stepMs) * stepMs;
  const clock: Clock = {
    now: () => now,
    stepMs,
    after(ms, then) {
      const timer = { at: now + ms, then };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  function subject(passMs: (pass: number, now: number) => number) {
    let passes = 0;
    let isKilled = false;
    return {
      threads: 1,
      notices: [],
      killed: () => isKilled,
      async time(figures: number, together: number) {
        const times: number[] = [];
        for (let i = 0; i < figures; i++) {
          const began = show();
          for (let j = 0; j < together; j++) {
            const ms = passMs(passes++, now);
            if (ms === NEVER) {
              // Nothing happens any more but the next timer.
              const next = [...timers].sort((x, y) => x.at - y.at)[0];
              if (next !== undefined) {
                now = next.at;
                timers.delete(next);
                next.then();
              }
              return new Promise<never>(() => undefined);
            }
            now += ms;
          }
          times.push((show() - began) / together);
        }
        now += 0.2;
        return times;
      },
      answer: async () => ({}),
      kill() {
        isKilled = true;
      },
      async [Symbol.asyncDispose]() {},
    };
  }
  return { clock, subject };
}
