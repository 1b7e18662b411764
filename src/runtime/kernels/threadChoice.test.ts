import { expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { type StepThreads, type ThreadFigures, threadChoice } from './threadChoice.ts';

interface Machine {
  readonly oneMs: number;
  readonly allMs: number;
  /** How often a step on all threads is held up, because another program has a core, and for how long. */
  readonly heldUp?: number;
  readonly heldUpMs?: number;
  /** Share by which steps differ by chance. */
  readonly noise?: number;
}

/** Trains on a machine of these figures and returns how many steps each took, by halves of the run. */
function train(machineAt: (step: number) => Machine, steps: number, seed: number, known?: ThreadFigures) {
  const random = seededRandom(seed);
  const choice = threadChoice(known);
  const taken: StepThreads[] = [];
  for (let step = 0; step < steps; step++) {
    const { oneMs, allMs, heldUp = 0, heldUpMs = 0, noise = 0.1 } = machineAt(step);
    const which = choice.next();
    taken.push(which);
    const held = which === 'all' && random() < heldUp ? heldUpMs : 0;
    choice.record((which === 'one' ? oneMs : allMs) * Math.exp(noise * (random() + random() - 1)) + held);
  }
  const share = (which: StepThreads, from: number) =>
    taken.slice(from).filter((one) => one === which).length / (steps - from);
  return { choice, taken, share };
}

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

test('a student of which two threads halve the step keeps them, and loses little by the trial', () => {
  for (const seed of SEEDS) {
    const { choice, share } = train(() => ({ oneMs: 20, allMs: 11 }), 600, seed);
    expect(choice.best).toBe('all');
    expect(share('one', 0)).toBeLessThan(0.03);
  }
});

test('a small student whose steps are often held up on two threads takes one, though the median says otherwise', () => {
  const machine = { oneMs: 1.99, allMs: 1.55, heldUp: 0.15, heldUpMs: 5 };
  const runs = SEEDS.map((seed) => train(() => machine, 4000, seed));
  // By the means of 1.99 and 2.3 ms, as far as chance allows.
  expect(runs.filter(({ choice }) => choice.best === 'one').length).toBeGreaterThan(37);
  expect(runs.filter(({ share }) => share('one', 1000) > 0.8).length).toBeGreaterThan(35);
});

test('where both take the same time one thread is enough', () => {
  const ends = SEEDS.map((seed) => train(() => ({ oneMs: 1, allMs: 1 }), 2000, seed).choice.best);
  expect(ends.filter((best) => best === 'one').length).toBeGreaterThan(36);
});

test('it follows a machine whose other core is taken, and comes back', () => {
  const machineAt = (step: number) =>
    step > 500 && step < 6000 ? { oneMs: 10, allMs: 14 } : { oneMs: 10, allMs: 5.5 };
  for (const seed of SEEDS) {
    const { taken, choice } = train(machineAt, 12_000, seed);
    expect(taken[480]).toBe('all');
    expect(taken.slice(3000, 6000).filter((which) => which === 'one').length).toBeGreaterThan(2500);
    expect(choice.best).toBe('all');
  }
});

test('the slow first steps, which compile and record, decide nothing', () => {
  const { choice } = train((step) => ({ oneMs: 10, allMs: step < 6 ? 300 : 6, noise: 0 }), 100, 1);
  expect(choice.best).toBe('all');
  expect(choice.figures).toEqual({ oneMs: expect.closeTo(10), allMs: expect.closeTo(6) });
});

test('what is known from before is used at once', () => {
  const { taken, choice } = train(() => ({ oneMs: 1, allMs: 2 }), 30, 1, { oneMs: 1, allMs: 2 });
  expect(new Set(taken)).toEqual(new Set(['one']));
  expect(choice.figures).toEqual({ oneMs: 1, allMs: 2 });
});

test('what was learned on a busy machine is soon corrected', () => {
  const { taken, choice } = train(() => ({ oneMs: 60, allMs: 31 }), 60, 1, { oneMs: 60, allMs: 80 });
  expect(choice.best).toBe('all');
  expect(taken.filter((which) => which === 'one').length).toBeLessThan(40);
});

test('a clock that does not move between steps does no harm', () => {
  const choice = threadChoice();
  for (let step = 0; step < 2000; step++) {
    expect(['one', 'all']).toContain(choice.next());
    choice.record(0);
  }
  expect(choice.best).toBe('one');
});
