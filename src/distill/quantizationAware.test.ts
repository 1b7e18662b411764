import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { openTrainer, type Trainer } from '../train/trainer.ts';
import { distill } from './distill.ts';
import { HERE, heldOutPoints, holdout, weightsOf, working } from './distillCases.ts';

let trainer: Trainer;
let tensorsBefore = 0;
beforeAll(async () => {
  trainer = await openTrainer(HERE);
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensorsBefore));
afterAll(() => trainer[Symbol.asyncDispose]());

describe('a quantization-aware run', () => {
  test('says in its report what was rounded, and from which step on', async () => {
    const options = { weightBits: 4, startFraction: 0, exclude: ['logits'] };
    const { report, student } = await distill(working(trainer, { holdout, quantizationAware: options })).done;
    const { layers = [], ranges = {}, ...rest } = report.quantizationAware ?? {};
    expect(rest).toEqual({ weightBits: 4, activationBits: 8, perChannel: true, startStep: 1 });
    expect(layers.length).toBe(1);
    expect(layers).not.toContain('logits');
    expect(Object.values(ranges).every(([least, most]) => least <= 0 && most >= 0 && most > least)).toBe(true);
    expect(structuredClone(report.quantizationAware)).toEqual(report.quantizationAware);
    const { logits } = await trainer.predict(student, { input: heldOutPoints });
    expect(logits?.data.every(Number.isFinite)).toBe(true);
  });

  test('teaches: the rounded student comes to agree with its teacher', async () => {
    const optimizer = { learningRate: 0.02 };
    const { report } = await distill(working(trainer, { holdout, epochs: 60, optimizer, quantizationAware: true }))
      .done;
    expect(report.holdout['agreement']).toBeGreaterThanOrEqual(0.9);
  });

  test('is another than a plain one, which does not speak of it', async () => {
    const plain = await distill(working(trainer)).done;
    const off = await distill(working(trainer, { quantizationAware: false })).done;
    const aware = await distill(working(trainer, { quantizationAware: { startFraction: 0 } })).done;
    expect(plain.report.quantizationAware).toBeUndefined();
    expect(weightsOf(off.student)).toEqual(weightsOf(plain.student));
    expect(weightsOf(aware.student)).not.toEqual(weightsOf(plain.student));
    expect(weightsOf(aware.student).length).toBe(weightsOf(plain.student).length);
  });

  test.each([
    [{ quantizationAware: { weightBits: 1 } }, '"weightBits"'],
    [{ quantizationAware: { exclude: ['head'] } }, '"head"'],
  ])('is refused with %o before the first step', async (changed, named) => {
    const run = distill(working(trainer, changed));
    const phases: string[] = [];
    const watching = (async () => {
      for await (const event of run) if (event.type === 'phase') phases.push(event.phase);
    })().catch(() => undefined);
    await expect(run.done).rejects.toMatchObject({ code: 'invalid-option', message: expect.stringContaining(named) });
    await watching;
    expect(phases).not.toContain('train');
  });
});
