import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cosine, linear, oneCycle, type Schedule } from '../../../losses/schedule.ts';
import type { StepPlace } from '../../batch.ts';
import type { EpochEvent } from '../../events.ts';
import type { TrainSource } from '../../job.ts';
import type { Part, PartContext, PartRun } from '../part.ts';
import { openSchedule } from './openSchedule.ts';
import { checkLearningSchedule, type PlateauOptions } from './schedule.ts';

interface Golden {
  readonly rates: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly plateau: {
    readonly losses: readonly number[];
    readonly factor: number;
    readonly patience: number;
    readonly least: number;
    readonly rates: readonly number[];
  };
}

const golden = JSON.parse(readFileSync(new URL('../../golden/schedules.json', import.meta.url), 'utf8')) as Golden;
const run = {} as PartRun;

/** A part on an optimizer that only holds a rate. */
async function opened(schedule: Schedule | PlateauOptions, learningRate: number, changed: Partial<PartContext> = {}) {
  const settings = { learningRate };
  const optimizer = {
    settings,
    setLearningRate(rate: number) {
      settings.learningRate = rate;
    },
  };
  const context = { job: { schedule }, optimizer, ...changed } as unknown as PartContext;
  return { part: (await openSchedule(context)) as Part, rate: () => settings.learningRate };
}

const epochOf = (epoch: number, loss: number) => ({ type: 'epoch', epoch, epochs: 99, loss }) as EpochEvent;

describe('the learning rate', () => {
  test.each<[string, Schedule]>([
    ['cosine', cosine(1, 0)],
    ['linear', linear(1, 0)],
    ['oneCycle', oneCycle()],
    ['oneCycleShort', oneCycle({ warmUpFraction: 0.5, from: 1 / 10, to: 1 / 1000 })],
  ])('of each step is that of PyTorch’s scheduler: %s', async (name, schedule) => {
    for (const [steps, expected] of Object.entries(golden.rates[name] ?? {})) {
      const { part, rate } = await opened(schedule, 0.02);
      for (const [step, fraction] of expected.entries()) {
        await part.beforeStep?.(
          { inputs: {}, teacher: {} },
          { step, steps: Number(steps), epoch: 1 } as StepPlace,
          run,
        );
        expect(rate()).toBeCloseTo(0.02 * fraction, 12);
      }
    }
  });

  test('falls at a plateau of the loss when PyTorch’s does', async () => {
    const { losses, factor, patience, least, rates } = golden.plateau;
    const { part, rate } = await opened({ type: 'plateau', factor, patience, least }, 0.1);
    for (const [i, loss] of losses.entries()) {
      expect(rate()).toBeCloseTo(0.1 * (rates[i] as number), 12);
      expect(await part.afterEvent?.(epochOf(i + 1, loss), run)).toBeUndefined();
    }
  });

  test('falls at a plateau of the metric that keepBest watches', async () => {
    const verdicts = [true, true, false, false, true, false, false, false];
    const source = {
      judge: async (epoch: number) => ({ isBest: verdicts[epoch - 1], isEnough: false }),
    } as unknown as TrainSource;
    const plateau = { type: 'plateau', patience: 1 } as const;
    const { part, rate } = await opened(plateau, 0.1, { job: { schedule: plateau, keepBest: true }, source } as never);
    const rates: number[] = [];
    for (let epoch = 1; epoch <= verdicts.length; epoch++) {
      // The loss would fall on and on.
      await part.afterEvent?.(epochOf(epoch, 1 / epoch), run);
      rates.push(rate());
    }
    expect(rates).toEqual([0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025]);
  });

  test('goes on from a state', async () => {
    const options = { type: 'plateau', patience: 0 } as const;
    const before = await opened(options, 0.1);
    for (const [i, loss] of [1, 2].entries()) await before.part.afterEvent?.(epochOf(i + 1, loss), run);
    const after = await opened(options, 0.1);
    after.part.restore?.(structuredClone((await before.part.state?.()) ?? {}));
    for (const { part } of [before, after]) await part.afterEvent?.(epochOf(3, 1.5), run);
    expect(after.rate()).toBe(before.rate());
    expect(after.rate()).toBe(0.025);
  });
});

test('does not open for a run without one, or for a check', async () => {
  expect((await opened(undefined as never, 1)).part).toBeUndefined();
  expect((await opened(cosine(1, 0), 1, { optimizer: undefined })).part).toBeUndefined();
});

test.each<[string, unknown]>([
  ['no schedule', 'cosine'],
  ['a rate below 0', { type: 'linear', from: 1, to: -1, start: 0, end: 1 }],
  ['a plateau that raises the rate', { type: 'plateau', factor: 2 }],
  ['an unknown option', { type: 'plateau', cooldown: 3 }],
  ['a warm-up longer than the run', { type: 'one-cycle', from: 0, to: 0, warmUpFraction: 3 }],
])('refuses %s', (_, given) => {
  expect(() => checkLearningSchedule(given as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});
