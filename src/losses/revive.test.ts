import { describe, expect, test } from 'vitest';
import { exampleWeighted } from './combination/exampleWeighted.ts';
import { uncertaintyWeighted } from './combination/uncertaintyWeighted.ts';
import { weighted } from './combination/weighted.ts';
import type { Loss } from './loss.ts';
import { crossEntropy } from './response/crossEntropy.ts';
import { softTargets } from './response/softTargets.ts';
import { reviveLoss } from './revive.ts';
import { byStep, linear } from './schedule.ts';
import { type LossSpec, specOf } from './spec.ts';

const unknown = expect.objectContaining({ code: 'unknown-loss' });

describe('reviveLoss', () => {
  test('makes nested losses again, with every weight at its place', () => {
    const loss = weighted([
      { loss: crossEntropy(), weight: 0 },
      {
        loss: weighted([
          { loss: softTargets({ temperature: 2 }), weight: 0.25 },
          { loss: crossEntropy({ output: 'aux' }), weight: 3 },
        ]),
        weight: 0.5,
      },
    ]);
    const revived = reviveLoss(JSON.parse(JSON.stringify(specOf(loss))) as LossSpec);
    expect(specOf(revived)).toEqual(specOf(loss));
    expect(revived.reads).toEqual(loss.reads);
  });

  test('makes every kind of loss again that is made of others', () => {
    const each = { ...softTargets(), name: 'each', perExample: () => undefined as never };
    const loss = uncertaintyWeighted([
      weighted([
        { loss: crossEntropy(), weight: linear(1, 0, { start: 0.25 }) },
        { loss: softTargets(), weight: byStep((t) => t * t) },
      ]),
      exampleWeighted(each, { kind: 'entropy', normalizeBy: 'weights' }),
    ]);
    const crossed = JSON.parse(JSON.stringify(specOf(loss))) as LossSpec;
    const revived = reviveLoss(crossed, { each: () => each });
    expect(specOf(revived)).toEqual(specOf(loss));
    expect(revived.reads).toEqual(loss.reads);
    const progress = { step: 3, steps: 8, epoch: 1, epochs: 2 };
    expect(revived.numbers?.(progress)).toEqual(loss.numbers?.(progress));
  });

  test('gives the losses inside to a combiner that is not limbeck’s own', () => {
    const first = (_: unknown, terms: readonly Loss[]): Loss => ({ ...(terms[0] as Loss), name: 'first', terms });
    const loss = first({}, [softTargets({ temperature: 3 }), crossEntropy()]);
    const revived = reviveLoss(JSON.parse(JSON.stringify(specOf(loss))) as LossSpec, { first });
    expect(revived.terms?.map(({ name }) => name)).toEqual(['softTargets', 'crossEntropy']);
  });

  test('refuses a name that nobody knows, and says what to do', () => {
    const revive = () => reviveLoss({ name: 'margin', options: {}, terms: [] });
    expect(revive).toThrow(unknown);
    expect(revive).toThrow(/"margin".*worker: 'none'.*exposeWorker\(\{ losses: \{ margin \} \}\)/);
  });

  test.each(['constructor', 'toString', '__proto__', ''])('takes no "%s" for a loss', (name) => {
    expect(() => reviveLoss({ name, options: {}, terms: [] })).toThrow(unknown);
  });

  test('refuses an unknown loss inside a weighted one', () => {
    const terms = [{ name: 'margin', options: {}, terms: [] }];
    expect(() => reviveLoss({ name: 'weighted', options: { weights: [1] }, terms })).toThrow(unknown);
  });

  test('takes losses that are not limbeck’s own, also inside a weighted one', () => {
    const margin = (options: Readonly<Record<string, unknown>>): Loss => ({
      ...softTargets(),
      name: 'margin',
      options,
    });
    const loss = weighted([{ loss: margin({ width: 2 }), weight: 1 }]);
    const revived = reviveLoss(specOf(loss), { margin });
    expect(specOf(revived)).toEqual(specOf(loss));
  });

  test('refuses options that a loss does not take', () => {
    const spec = { name: 'softTargets', options: { temperature: 0 }, terms: [] };
    expect(() => reviveLoss(spec)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});
