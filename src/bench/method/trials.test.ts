import { describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../../core/random.ts';
import { NOISES, type Noise, simulation, warming } from './cases/machineCases.ts';
import { compareRounds } from './compareRounds.ts';
import type { Measured } from './measured.ts';
import { measureSubjects } from './measureSubjects.ts';
import { roundsMsOf } from './roundsMs.ts';

/** Two subjects on one machine; b's passes are so much slower. */
async function trial(noise: Noise, slowdown: number, seed: number) {
  const { clock, subject } = simulation();
  const random = seededRandom(seed);
  const machine = noise(random);
  const subjects = [1, 1 + slowdown].map((factor, i) => ({
    key: 'ab'[i] as string,
    subject: subject((pass, now) => factor * warming(12, pass) * machine(now)),
  }));
  const measured = await measureSubjects(subjects, { budgetMs: 28_000, seed, clock });
  const [a, b] = ['a', 'b'].map((key) => roundsMsOf(measured.get(key) as Measured));
  return { ...compareRounds(b ?? [], a ?? []), tookMs: clock.now() };
}

/** The same without the way there: a figure for each round, of a few passes. */
function quickTrial(noise: Noise, slowdown: number, random: Random) {
  const machine = noise(random);
  let now = 0;
  const figure = (factor: number) => {
    const passes = Array.from({ length: 4 }, () => {
      const ms = 30 * factor * machine(now);
      now += ms;
      return ms;
    });
    return passes.sort((x, y) => x - y)[1] as number;
  };
  const rows: [number[], number[]] = [[], []];
  for (let round = 0; round < 110; round++) {
    for (const i of random() < 0.5 ? [0, 1] : [1, 0]) rows[i]?.push(figure(i === 0 ? 1 : 1 + slowdown));
  }
  return compareRounds(rows[1], rows[0]);
}

const TRIALS = 200;

describe.each(Object.entries(NOISES))('on a machine with %s', (_, noise) => {
  test('of hundreds of comparisons of a thing with itself hardly any claims a difference, and 5 % are found', () => {
    const random = seededRandom(7);
    const same = Array.from({ length: TRIALS }, () => quickTrial(noise, 0, random).verdict);
    const planted = Array.from({ length: TRIALS }, () => quickTrial(noise, 0.05, random).verdict);
    expect(same.filter((verdict) => verdict === 'faster' || verdict === 'slower').length).toBeLessThanOrEqual(1);
    expect(planted).not.toContain('faster');
    expect(planted).not.toContain('equal');
    expect(planted.filter((verdict) => verdict === 'slower').length).toBeGreaterThanOrEqual(0.97 * TRIALS);
  });

  test('so it is from the first pass to the verdict, within 30 seconds', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const same = await trial(noise, 0, seed);
      const planted = await trial(noise, 0.05, seed);
      expect(same.verdict).toMatch(/equal|unsure/);
      expect(planted.verdict).toBe('slower');
      expect(planted.interval[0]).toBeLessThan(1.05);
      expect(planted.interval[1]).toBeGreaterThan(1.05);
      expect(Math.max(same.tookMs, planted.tookMs)).toBeLessThan(30_000);
    }
  });
});
