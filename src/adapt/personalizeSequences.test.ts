// A student that reads lines, and a person whose lines look otherwise.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import type { Dataset } from '../data/dataset.ts';
import { take, withoutLabels } from '../data/views.ts';
import { withSequences } from '../data/withSequences.ts';
import { ctc } from '../losses/response/ctc.ts';
import { specOf } from '../losses/spec.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { applyPatch } from '../student/patch/applyPatch.ts';
import { isEmptyPatch } from '../student/patch/patch.ts';
import { type Student, studentFromArtifacts } from '../student/student.ts';
import { accuracy } from '../train/metrics/accuracy.ts';
import { characterErrorRate } from '../train/metrics/characterErrorRate.ts';
import { predictAll } from '../train/predictAll.ts';
import { openTrainer, type Trainer } from '../train/trainer.ts';
import { joinExamples, pickExamples, readAll } from './examples.ts';
import { biasOnly } from './methods/biasOnly.ts';
import { full } from './methods/full.ts';
import { headOnly } from './methods/headOnly.ts';
import { lora } from './methods/lora.ts';
import { normStatistics } from './methods/normStatistics.ts';
import { prototypes } from './methods/prototypes.ts';
import { personalize } from './personalize.ts';
import { clouds } from './personalizeCases.ts';
import type { PersonalizeOptions } from './personalizeOptions.ts';

const [STEPS, CLASSES] = [7, 5];
const never = new AbortController().signal;

/** Texts of one to three of the classes 1 to 4; who slants writes each nearly like the next. */
function lines(count: number, seed: number, slants = false) {
  const random = seededRandom(seed);
  const data = new Float32Array(count * STEPS * CLASSES);
  const [own, next] = slants ? [0.5, 0.7] : [1, 0];
  const texts = Array.from({ length: count }, (_, i) => {
    const text = Array.from({ length: 1 + Math.floor(3 * random()) }, () => 1 + Math.floor(4 * random()));
    const path = text.flatMap((one) => [one, 0]);
    for (let step = 0; step < STEPS; step++) {
      const shown = path[step] ?? 0;
      for (let c = 0; c < CLASSES; c++) {
        const isNext = shown > 0 && c === 1 + (shown % 4);
        data[(i * STEPS + step) * CLASSES + c] =
          (c === shown ? (c === 0 ? 1 : own) : isNext ? next : 0) + 0.3 * random();
      }
    }
    return text;
  });
  return { pictures: fromArrays({ data, shape: [count, STEPS, CLASSES] }), texts };
}

const typed = (...given: Parameters<typeof lines>) => {
  const { pictures, texts } = lines(...given);
  return withSequences(pictures, texts);
};

const mine = typed(10, 7, true);
const held = typed(60, 8, true);
const base = typed(60, 9);

describe('a student that reads sequences', () => {
  const made = {} as { trainer: Trainer; student: Student };
  beforeAll(async () => {
    made.trainer = await openTrainer({ worker: 'none', ...backendOptions('wasm') });
    const init = (seed: number) => tf.initializers.glorotUniform({ seed });
    const shape = { inputShape: [STEPS, CLASSES], units: 12, activation: 'relu' as const };
    const model = tf.sequential({
      name: 'reader',
      layers: [
        tf.layers.dense({ ...shape, name: 'along', kernelInitializer: init(3) }),
        tf.layers.dense({ units: CLASSES, name: 'logits', kernelInitializer: init(4) }),
      ],
    });
    const artifacts = await artifactsOf(model);
    model.dispose();
    const known = await readAll(typed(80, 1));
    const job = {
      student: { kind: 'artifacts', artifacts },
      loss: specOf(ctc()),
      size: 80,
      epochs: 15,
      batchSize: 16,
      optimizer: { learningRate: 0.05 },
      seed: 1,
      holdoutSize: 0,
    } as const;
    const rowsOf = async (indices: Int32Array) => {
      const { inputs, sequences } = pickExamples(known, indices);
      return { inputs, sequences: sequences?.data as Int32Array, teacher: {} };
    };
    const source = { read: rowsOf, readInputs: async () => ({}), readHoldout: async () => ({}) };
    const outcome = await made.trainer.train(job, source, () => undefined, never);
    made.student = studentFromArtifacts('reader', outcome.artifacts);
  });
  expectNoTensorsLeft();
  afterAll(() => made.trainer[Symbol.asyncDispose]());

  const run = (options: Partial<PersonalizeOptions> = {}) =>
    personalize({ student: made.student, data: mine, trainer: made.trainer, ...options }).done;

  async function errorsOf(student: Student, data: Dataset): Promise<number> {
    const { sequences } = await readAll(data);
    const answers = await predictAll(made.trainer, student, data, never);
    const logits = Object.values(answers)[0] as NdArray;
    return characterErrorRate.compute({ student: logits, sequences: sequences?.data as Int32Array });
  }

  test.each([lora({ rank: 2 }), headOnly(), biasOnly(), full({ optimizer: { learningRate: 0.01 } })])(
    '$name: ten corrections make the texts likelier, and halve the errors of the person’s other lines',
    async (method) => {
      expect(await errorsOf(made.student, base)).toBeLessThan(0.05);
      const was = await errorsOf(made.student, held);
      expect(was).toBeGreaterThan(0.3);
      const patch = await run({ method });
      const is = await errorsOf(await applyPatch(made.student, patch), held);
      expect(patch.report).toMatchObject({
        metric: 'characterErrorRate',
        judgedBy: 'held-out',
        labels: { outliers: [] },
      });
      expect(patch.report.examples).toEqual({ learned: 8, held: 2, replayed: 0 });
      expect(patch.report.own?.after).toBeLessThanOrEqual(patch.report.own?.before as number);
      expect(patch.report.own).toMatchObject({ examples: 2 });
      expect(patch.report.own?.likelihoodGain).toBeGreaterThan(0);
      // Biases alone cannot tell such characters apart.
      if (method.name !== 'biasOnly') expect(is).toBeLessThan(was / 2);
    },
  );

  test('replayed lines keep what the base knew, read by itself where nobody typed them', async () => {
    const method = full({ optimizer: { learningRate: 0.05 }, epochs: 30, batchSize: 16 });
    const forgot = await run({ method, base, guard: { baseTolerance: 1 } });
    const kept = await run({ method, base, guard: { baseTolerance: 1 }, keep: { replay: lines(40, 11).pictures } });
    expect(kept.report.examples.replayed).toBe(40);
    expect(kept.report.base?.after).toBeLessThan(forgot.report.base?.after as number);
  });

  test('texts that mean nothing are refused', async () => {
    const { pictures } = lines(12, 7);
    const random = seededRandom(5);
    const texts = Array.from({ length: 12 }, () => Array.from({ length: 3 }, () => 1 + Math.floor(4 * random())));
    const judging = typed(20, 12);
    const patch = await run({ data: withSequences(pictures, texts), holdout: judging });
    expect(patch.report.verdict.isAccepted).toBe(false);
    expect(isEmptyPatch(patch)).toBe(true);
    expect(patch.report.verdict.why).toContain('characterErrorRate went from');
  });

  test('the same line with two texts is not learned from', async () => {
    const { pictures, texts } = lines(10, 7, true);
    const all = await readAll(pictures);
    const twice = joinExamples(all, await readAll(take(pictures, 1)));
    const data = withSequences(fromArrays(twice.inputs), [...texts, [4, 4]]);
    const { report } = await run({ data, method: headOnly() });
    expect(report.labels.contradictions).toEqual([[0, 10]]);
    expect(report.examples.learned + report.examples.held).toBe(9);
  });

  const { pictures, texts } = lines(10, 7);
  const withLast = (text: number[]) => withSequences(pictures, [...texts.slice(0, -1), text]);
  test.each<[string, Partial<PersonalizeOptions>, string, RegExp]>([
    [
      'a text that needs more steps',
      { data: withLast([1, 1, 2, 2, 3, 3]) },
      'sequence-too-long',
      /example 9 needs 9 steps/,
    ],
    ['a character that the alphabet lacks', { data: withLast([1, 5]) }, 'class-mismatch', /example 9 holds 5, outside/],
    ['a blank within a text', { data: withLast([1, 0]) }, 'class-mismatch', /example 9 holds the blank/],
    ['another blank', { blank: 4 }, 'class-mismatch', /holds the blank \(4\)/],
    ['a blank that is no class', { blank: 5 }, 'class-mismatch', /class 5 for the blank/],
    ['a held-out text that is too long', { holdout: withLast([1, 1, 1, 1, 1]) }, 'sequence-too-long', /needs 9 steps/],
    ['lines without texts', { data: pictures }, 'labels-missing', /withSequences/],
    ['a holdout without texts', { holdout: withoutLabels(held) }, 'labels-missing', /"holdout" needs a sequence/],
    ['the base’s lines without texts', { base: withoutLabels(held) }, 'labels-missing', /"base" needs a sequence/],
    ['new characters', { classes: 6 }, 'class-mismatch', /its alphabet, which stays/],
    ['a method of class means', { method: prototypes() }, 'invalid-option', /the method "prototypes"/],
    ['a method without labels', { method: normStatistics() }, 'labels-missing', /for each step/],
    ['privacy', { privacy: { epsilon: 1 } }, 'invalid-option', /"privacy"/],
    ['importance of weights', { keep: { ewc: 1 } }, 'invalid-option', /"ewc"/],
    ['a metric of labels', { guard: { metric: accuracy } }, 'invalid-option', /"metric"/],
    ['the name of such a metric', { guard: { metric: 'accuracy' } }, 'invalid-option', /"metric"/],
  ])('%s is refused before anything is learned', async (_, options, code, message) => {
    const seen: string[] = [];
    const learning = personalize({ student: made.student, data: mine, trainer: made.trainer, ...options });
    const listening = (async () => {
      for await (const event of learning) seen.push(event.type === 'phase' ? event.phase : event.type);
    })().catch(() => undefined);
    await expect(learning.done).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await listening;
    expect(seen).not.toContain('learn');
    expect(seen).not.toContain('step');
  });

  test('sequences for a student of one answer are refused', async () => {
    const labelled = clouds(3, 1);
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [2], name: 'logits' })] });
    const student = studentFromArtifacts('plain', await artifactsOf(model));
    model.dispose();
    const data = withSequences(
      labelled,
      Array.from({ length: labelled.size }, () => [1]),
    );
    await expect(run({ student, data })).rejects.toMatchObject({ code: 'shape-mismatch' });
    const guard = { metric: characterErrorRate };
    await expect(run({ student, data: labelled, guard })).rejects.toMatchObject({ code: 'invalid-option' });
  });
});
