import { describe, expect, test } from 'vitest';
import type { Progress } from './loss.ts';
import {
  byStep,
  checkSchedule,
  constant,
  cosine,
  linear,
  peakOf,
  type Schedule,
  sigmoidRamp,
  warmUp,
  weightAt,
} from './schedule.ts';

/** A run of 101 steps in 10 epochs, so that step 25 is a quarter of it. */
const at = (step: number): Progress => ({ step, steps: 101, epoch: 1 + Math.floor(step / 11), epochs: 10 });
const weights = (schedule: Schedule, steps: readonly number[]) => steps.map((step) => weightAt(schedule, at(step)));

describe('a schedule', () => {
  test.each<[string, Schedule, readonly number[]]>([
    ['constant', constant(0.3), [0.3, 0.3, 0.3, 0.3, 0.3]],
    ['linear', linear(1, 0), [1, 0.75, 0.5, 0.25, 0]],
    ['linear, in part of the run', linear(0, 2, { start: 0.25, end: 0.75 }), [0, 0, 1, 2, 2]],
    ['linear, in no time', linear(1, 3, { start: 0.5, end: 0.5 }), [1, 1, 3, 3, 3]],
    ['cosine', cosine(1, 0), [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2, 0]],
    ['cosine, in half of the run', cosine(0, 1, { end: 0.5 }), [0, 0.5, 1, 1, 1]],
    ['sigmoidRamp', sigmoidRamp(2, { end: 0.5 }), [2 * Math.exp(-5), 2 * Math.exp(-1.25), 2, 2, 2]],
    ['sigmoidRamp, by default', sigmoidRamp(1), [Math.exp(-5), 1, 1, 1, 1]],
    ['byStep', byStep((t) => t * t), [0, 0.0625, 0.25, 0.5625, 1]],
  ])('%s: at the ends, the quarters and the middle', (_, schedule, expected) => {
    weights(schedule, [0, 25, 50, 75, 100]).forEach((weight, i) => {
      expect(weight).toBeCloseTo(expected[i] as number, 12);
    });
    const crossed = JSON.parse(JSON.stringify(schedule)) as Schedule;
    expect(weights(crossed, [0, 13, 50, 99])).toEqual(weights(schedule, [0, 13, 50, 99]));
    expect(checkSchedule(crossed, 'weight')).toEqual(schedule);
  });

  test('warmUp counts epochs from 1, and moves between them only', () => {
    const schedule = warmUp({ epochs: 4, to: 2 });
    const byEpoch = [1, 2, 3, 4, 5, 9].map((epoch) => weightAt(schedule, { ...at(0), epoch }));
    expect(byEpoch).toEqual([0.5, 1, 1.5, 2, 2, 2]);
    expect(weightAt(warmUp(), at(0))).toBe(1 / 20);
  });

  test('byStep asks the function at 1,025 fractions, and draws lines between', () => {
    const asked: number[] = [];
    const schedule = byStep((fraction) => asked.push(fraction) && Math.sqrt(fraction));
    expect(asked).toHaveLength(1025);
    expect([asked[0], asked[512], asked.at(-1)]).toEqual([0, 0.5, 1]);
    weightAt(schedule, at(50));
    expect(asked).toHaveLength(1025);
    const between = weightAt(schedule, { ...at(1), steps: 2049 });
    expect(between).toBeCloseTo(Math.sqrt(1 / 1024) / 2, 12);
  });

  test('begins at its start in a run of one step', () => {
    expect(weightAt(linear(1, 0), { step: 0, steps: 1, epoch: 1, epochs: 1 })).toBe(1);
  });

  test.each<[string, number | Schedule, number]>([
    ['a number', 0.5, 0.5],
    ['constant', constant(2), 2],
    ['linear', linear(3, 1), 3],
    ['cosine', cosine(0, 0), 0],
    ['warmUp', warmUp({ to: 4 }), 4],
    ['byStep', byStep((t) => t * (1 - t)), 0.25],
  ])('knows its largest weight: %s', (_, weight, peak) => expect(peakOf(weight)).toBe(peak));

  test.each<[string, () => unknown]>([
    ['a weight below 0', () => linear(1, -1)],
    ['a weight that is no number', () => cosine(Number.NaN, 1)],
    ['an infinite weight', () => constant(Number.POSITIVE_INFINITY)],
    ['a start outside the run', () => linear(1, 0, { start: -0.1 })],
    ['an end outside the run', () => linear(1, 0, { end: 20 })],
    ['an end before the start', () => sigmoidRamp(1, { start: 0.6, end: 0.5 })],
    ['an unknown option', () => linear(1, 0, { stop: 1 } as never)],
    ['half an epoch', () => warmUp({ epochs: 2.5 })],
    ['no epoch', () => warmUp({ epochs: 0 })],
    ['a function that goes below 0', () => byStep((t) => 0.5 - t)],
    ['no function', () => byStep(3 as never)],
    ['no schedule', () => checkSchedule('linear' as never, 'weight')],
    ['null', () => checkSchedule(null as never, 'weight')],
    ['a schedule of no known type', () => checkSchedule({ type: 'toString' } as never, 'weight')],
    ['a schedule without its numbers', () => checkSchedule({ type: 'linear', from: 1 } as never, 'weight')],
    ['a span without its end', () => checkSchedule({ type: 'linear', from: 1, to: 0, start: 0 } as never, 'weight')],
    ['a table of one weight', () => checkSchedule({ type: 'table', values: [1] }, 'weight')],
    ['a table of none', () => checkSchedule({ type: 'table' } as never, 'weight')],
  ])('refuses %s', (_, make) => expect(make).toThrow(expect.objectContaining({ code: 'invalid-option' })));
});
