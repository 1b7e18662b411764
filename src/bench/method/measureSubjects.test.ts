import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { median } from '../../core/stats.ts';
import type { Subject } from '../subject.ts';
import { NEVER, simulation, warming } from './cases/machineCases.ts';
import { compareRounds } from './compareRounds.ts';
import type { Measured } from './measured.ts';
import { measureSubjects } from './measureSubjects.ts';
import { roundsMsOf } from './roundsMs.ts';
import { summarize } from './summarize.ts';

const medians = (rounds: readonly (readonly number[])[]) => rounds.map((times) => median(times));

describe('measureSubjects', () => {
  test('finds which of two is slower, and by how much', async () => {
    const { clock, subject } = simulation();
    const random = seededRandom(1);
    const noisy = (ms: number) => () => ms * (1 + 0.1 * random());
    const subjects = [
      { key: 'a', subject: subject(noisy(5)) },
      { key: 'b', subject: subject(noisy(5.25)) },
    ];
    const told: number[] = [];
    const measured = await measureSubjects(subjects, {
      budgetMs: 20_000,
      seed: 1,
      clock,
      onRound: (_, doneFraction) => told.push(doneFraction),
    });
    const [a, b] = ['a', 'b'].map((key) => summarize(measured.get(key) as Measured));
    expect(clock.now()).toBeLessThan(20_500);
    expect(a?.medianMs).toBeCloseTo(5.25, 1);
    expect(a?.intervalMs[0]).toBeLessThan(a?.medianMs as number);
    expect(compareRounds(a?.roundsMs ?? [], b?.roundsMs ?? [])).toMatchObject({ verdict: 'faster' });
    expect(compareRounds(a?.roundsMs ?? [], a?.roundsMs ?? [])).toMatchObject({ verdict: 'equal', ratio: 1 });
    expect(told).toEqual([...told].sort((x, y) => x - y));
  });

  test('ends what hangs and lets go what throws; the others go on', async () => {
    const { clock, subject } = simulation();
    const hanging = subject((pass) => (pass === 500 ? NEVER : 2));
    const throwing = subject((pass) => {
      if (pass === 700) throw new Error('out of memory');
      return 2;
    });
    const subjects = [
      { key: 'fine', subject: subject(() => 3) },
      { key: 'hangs', subject: hanging },
      { key: 'throws', subject: throwing },
    ];
    const measured = await measureSubjects(subjects, { budgetMs: 30_000, seed: 2, clock });
    expect(measured.get('fine')?.failure).toBeUndefined();
    expect(medians(measured.get('fine')?.rounds ?? [])).toContain(3);
    expect(measured.get('throws')?.failure).toBe('out of memory');
    expect(measured.get('hangs')?.failure).toMatch(/^It gave no answer for 10/);
    expect(hanging.killed()).toBe(true);
    expect(throwing.killed()).toBe(false);
  });

  test('times passes together that are too short for the clock', async () => {
    const { clock, subject } = simulation(1);
    const measured = await measureSubjects([{ key: 'a', subject: subject(() => 0.003) }], {
      budgetMs: 5000,
      seed: 1,
      clock,
    });
    expect(summarize(measured.get('a') as Measured).medianMs).toBeCloseTo(0.003, 4);
  });

  test('what takes much longer has fewer turns and no more time', async () => {
    const { clock, subject } = simulation();
    const random = seededRandom(4);
    const subjects = [
      { key: 'slow', subject: subject(() => 800 + 200 * random()) },
      { key: 'fast', subject: subject((pass) => 2 + 0.4 * (pass % 2)) },
    ];
    const measured = await measureSubjects(subjects, { budgetMs: 20_000, seed: 1, clock });
    const [slow, fast] = ['slow', 'fast'].map((key) => measured.get(key) as Measured);
    const turns = (one: Measured | undefined) => one?.rounds.filter((times) => times.length > 0).length ?? 0;
    expect(turns(slow)).toBeGreaterThanOrEqual(7);
    expect(turns(slow)).toBeLessThanOrEqual(10);
    expect(turns(fast)).toBe(fast?.rounds.length);
    expect(turns(fast)).toBeGreaterThan(60);
    expect(clock.now()).toBeLessThan(21_000);
    expect(compareRounds(roundsMsOf(slow as Measured), roundsMsOf(fast as Measured)).verdict).toBe('slower');
  });

  test('whose share holds three passes has three rounds, in however short a budget; whose share does not, one', async () => {
    const { clock, subject } = simulation();
    // At first everything is as slow as what is compiled, and warming up uses all there is.
    const short = Array.from({ length: 7 }, (_, i) => subject((pass) => (pass < 1 ? 60 : 5 + i)));
    const subjects = [...short, subject(() => 90)].map((one, i) => ({ key: `${i}`, subject: one }));
    const measured = await measureSubjects(subjects, { budgetMs: 320, seed: 1, clock });
    const turns = subjects.map(({ key }) => measured.get(key)?.rounds.filter((times) => times.length > 0).length);
    expect(turns).toEqual([3, 3, 3, 3, 3, 3, 3, 1]);
  });

  test('ends early when all is known', async () => {
    const { clock, subject } = simulation();
    const subjects = [3, 4, 5].map((ms) => ({
      key: `${ms}`,
      subject: subject((pass) => ms * (1 + 0.01 * (pass % 3))),
    }));
    await measureSubjects(subjects, { budgetMs: 60_000, seed: 1, clock });
    expect(clock.now()).toBeLessThan(30_000);
  });

  test('leaves out a warm-up, and the first passes of a turn that are slow because others ran', async () => {
    const { clock, subject } = simulation();
    const random = seededRandom(2);
    let last = '';
    let since = 0;
    const cold = (key: string, ms: number) =>
      subject((pass) => {
        since = last === key ? since + 1 : 0;
        last = key;
        return warming(ms, pass) * (since < 2 ? 1.5 : 1) * (1 + 0.01 * random());
      });
    const subjects = ['a', 'b'].map((key) => ({ key, subject: cold(key, 4) }));
    const measured = await measureSubjects(subjects, { budgetMs: 10_000, seed: 1, clock });
    const { rounds, warmUps, notices } = measured.get('a') as Measured;
    expect(Math.max(...rounds.flat())).toBeLessThan(4.1);
    expect(warmUps).toBeGreaterThan(25 + rounds.length);
    expect(notices).toEqual([]);
  });

  test('says what whoever reads the figures should know', async () => {
    const { clock, subject } = simulation(1);
    const lazy = subject(() => 3);
    const late: Subject = {
      ...lazy,
      // Half of the work is done after the clock was read.
      time: async (figures, together) => (await lazy.time(figures, together)).map((ms) => ms / 2),
    };
    const measured = await measureSubjects([{ key: 'late', subject: late }], { budgetMs: 6000, seed: 1, clock });
    expect(measured.get('late')?.notices).toEqual([
      expect.stringMatching(/^The clock moves in steps of 1 ms: \d+ passes were timed as one\.$/),
      expect.stringMatching(/of each turn lie outside its passes/),
    ]);
  });

  test('says so when a subject does not settle', async () => {
    const { clock, subject } = simulation();
    const settling = subject((pass) => 0.4 + 40 * 0.97 ** pass);
    const measured = await measureSubjects([{ key: 'a', subject: settling }], { budgetMs: 2000, seed: 1, clock });
    expect(measured.get('a')?.notices[0]).toMatch(/not clear that it had settled/);
  });

  test.each<[string, (figures: number) => readonly number[], RegExp]>([
    ['NaN', (figures) => Array(figures).fill(Number.NaN), /not all of them times/],
    ['fewer times than it was asked for', () => [], /gave 0/],
    ['negative times', (figures) => Array(figures).fill(-1), /not all of them times/],
    ['no time at all', (figures) => Array(figures).fill(0), /passes took no time/],
    ['nothing', () => undefined as never, /./],
  ])('a subject that gives %s fails alone', async (_, times, why) => {
    const { clock, subject } = simulation();
    const fine = subject(() => 2);
    const bad: Subject = { ...fine, time: async (figures) => times(figures) };
    const subjects = [
      { key: 'fine', subject: fine },
      { key: 'bad', subject: bad },
    ];
    const measured = await measureSubjects(subjects, { budgetMs: 3000, seed: 1, clock });
    expect(measured.get('bad')?.failure).toMatch(why);
    expect(measured.get('fine')?.failure).toBeUndefined();
    expect(summarize(measured.get('fine') as Measured).medianMs).toBeCloseTo(2, 1);
  });

  test('the time for which one hung is not taken from the others', async () => {
    const { clock, subject } = simulation();
    const subjects = [
      { key: 'fine', subject: subject((pass) => 2 + 0.5 * (pass % 2)) },
      { key: 'hangs', subject: subject((pass) => (pass === 500 ? NEVER : 2)) },
    ];
    const measured = await measureSubjects(subjects, { budgetMs: 5000, seed: 1, clock });
    expect(measured.get('hangs')?.failure).toBeDefined();
    expect(measured.get('fine')?.rounds.filter((times) => times.length > 0).length).toBeGreaterThanOrEqual(40);
  });

  test('a signal ends it', async () => {
    const { clock, subject } = simulation();
    const controller = new AbortController();
    const work = measureSubjects([{ key: 'a', subject: subject(() => 1) }], {
      budgetMs: 5000,
      seed: 1,
      clock,
      signal: controller.signal,
      onRound: () => controller.abort(),
    });
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  });
});
