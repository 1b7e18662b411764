// A machine on which no real time passes: subjects take what a model of noise says, and clocks show the sum.
import type { Random } from '../../../core/random.ts';
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

/** How a machine disturbs what runs on it: by which factor a pass that begins now is slower. Whatever it draws is seeded. */
export type Noise = (random: Random) => (now: number) => number;

const gauss = (random: Random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Other work takes the processor away, for some tenths of a second, so many of them a second. */
function steal(perSecond: number, slower: number): Noise {
  return (random) => {
    let isStolen = false;
    let until = 0;
    return (now) => {
      while (now >= until) {
        isStolen = !isStolen && until > 0;
        until = Math.max(until, 1) - (isStolen ? 300 : 1000 / perSecond) * Math.log(1 - random());
      }
      return (isStolen ? 1 + (slower - 1) * random() : 1) * Math.exp(0.01 * gauss(random));
    };
  };
}

export const NOISES: Readonly<Record<string, Noise>> = {
  quiet: (random) => () => Math.exp(0.01 * gauss(random)),
  'heavy tails': (random) => () => Math.exp(0.02 * gauss(random)) * (random() < 0.2 ? (1 - random()) ** -0.5 : 1),
  'bursts of other work': steal(1, 2.5),
  'mostly other work': steal(4, 3),
  drift: (random) => (now) => (1 + 0.3 * Math.min(1, now / 30_000)) * Math.exp(0.02 * gauss(random)),
  'two speeds': (random) => {
    let [factor, until] = [1, 0];
    return (now) => {
      if (now > until) [factor, until] = [random() < 0.5 ? 1 : 1.15, now + 2000 * random()];
      return factor * Math.exp(0.02 * gauss(random));
    };
  },
};

/** A pass of `ms` that a compiler makes faster in two steps, at first 30 times as slow. */
export const warming = (ms: number, pass: number) => ms * (pass < 2 ? 30 : pass < 25 ? 2.5 : 1);
