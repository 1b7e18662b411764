import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { median } from '../../core/stats.ts';
import { NEVER, simulation } from './cases/machineCases.ts';
import { compareRounds } from './compareRounds.ts';
import { measureSubjects } from './measureSubjects.ts';
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
    const [a, b] = ['a', 'b'].map((key) => summarize(measured.get(key) as never));
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
    expect(summarize(measured.get('a') as never).medianMs).toBeCloseTo(0.003, 4);
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
