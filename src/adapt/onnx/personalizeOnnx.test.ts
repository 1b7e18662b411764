import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { argMax } from '../../core/stats.ts';
import { fromArrays } from '../../data/arrays.ts';
import { pick } from '../../data/views.ts';
import { readModel } from '../../onnx/model.ts';
import { runModel } from '../../onnx/ortCases.ts';
import { ortAssets } from '../../runtime/cases/assetCases.ts';
import * as tf from '../../runtime/tf.ts';
import { openTrainer, type Trainer } from '../../train/trainer.ts';
import { headOnly } from '../methods/headOnly.ts';
import { knn } from '../methods/knn.ts';
import { prototypes } from '../methods/prototypes.ts';
import { bars, barsModel as model, SIDE } from './barsCases.ts';
import { personalizeOnnx } from './personalizeOnnx.ts';
import type { PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { PersonalizeOnnxEvent } from './personalizeOnnxReport.ts';

let trainer: Trainer;
let tensorsBefore = 0;
beforeAll(async () => {
  trainer = await openTrainer({ worker: 'none', backend: 'cpu' });
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensorsBefore));
afterAll(() => trainer[Symbol.asyncDispose]());

const { data } = bars(45, 1);
const unseen = bars(60, 2);
const input = { channels: 1 } as const;
const session = () => ({ worker: 'none', assetBase: ortAssets(), threads: 1, batchSize: 16, device: 'wasm' }) as const;
const working = (changed: Partial<PersonalizeOnnxOptions> = {}): PersonalizeOnnxOptions => ({
  ...{ data, input, trainer, ...session() },
  ...changed,
});
const run = (changed: Partial<PersonalizeOnnxOptions> = {}) => personalizeOnnx(model, working(changed));

/** How often a file, in onnxruntime itself, names the class of unseen bars. */
async function accuracyIn(onnx: Uint8Array, output = 'logits'): Promise<number> {
  const { [output]: logits } = await runModel(onnx, { image: [unseen.pixels, [60, 1, SIDE, SIDE]] });
  expect(logits?.dims).toEqual([60, 3]);
  const values = logits?.data as Float32Array;
  return unseen.labels.filter((label, i) => argMax(values, i * 3, 3) === label).length / 60;
}

describe('a personalized file', () => {
  test('knows three classes where the model had two, as the report says', async () => {
    const labels = ['lying', 'standing', 'slanting'];
    const { onnx, report } = await run({ labels, holdout: unseen.data, tap: 'maps', pooling: 'mean' }).done;
    const accuracy = await accuracyIn(onnx);
    expect(accuracy).toBeGreaterThanOrEqual(0.9);
    expect(report).toMatchObject({
      ...{
        method: { name: 'headOnly' },
        classes: 3,
        examples: { learned: 45 },
        bytes: onnx.byteLength,
        device: 'wasm',
      },
      ...{ keepsClasses: false, verdict: { isAccepted: true }, judgedBy: 'held-out', metric: 'accuracy' },
      features: { name: 'maps', shape: [6, 4, 4], count: 6, candidates: [], why: expect.stringContaining('named') },
      own: { before: 1 / 3, after: accuracy, examples: 60 },
    });
    expect(report.differenceFraction).toBeLessThan(1e-5);
    const { metadataProps, graph } = readModel(onnx);
    const metadata = Object.fromEntries(metadataProps.map(({ key, value: text }) => [key, text]));
    expect(metadata).toEqual({ 'limbeck.labels': JSON.stringify(labels), 'limbeck.input': JSON.stringify(input) });
    expect(graph.output.map(({ name }) => name)).toEqual(['logits']);
  });

  test('stands on a value of which its own examples say that it serves, where none is named', async () => {
    const { onnx, report } = await run().done;
    // The last layer reads the row; the convolution reads the image.
    expect(report.features).toMatchObject({ name: 'row', shape: [6], count: 6 });
    expect(report.features?.candidates.map(({ name }) => name)).toEqual(['row', 'image']);
    const [row, image] = report.features?.candidates ?? [];
    expect(row?.negativeLogLikelihood).toBeLessThan(image?.negativeLogLikelihood as number);
    // All examples judge, each by what others taught.
    expect(report).toMatchObject({ judgedBy: 'cross-fitting', own: { examples: 45 }, labels: { contradictions: [] } });
    expect(await accuracyIn(onnx)).toBeGreaterThanOrEqual(0.9);
  });

  test.each([
    ['means of the classes', prototypes(), 0.7],
    ['means of the classes alone', prototypes({ strength: 'alone' }), 0.7],
    ['a solution', headOnly({ l2: 0.01 }), 0.9],
  ])('is made from %s without a trainer', async (_, method, least) => {
    const { onnx, report } = await personalizeOnnx(model, { data, input, ...session(), method }).done;
    expect(report.method).toEqual({ name: method.name, options: method.options });
    expect(await accuracyIn(onnx)).toBeGreaterThanOrEqual(least);
  });

  test('may come by steps', async () => {
    const events: PersonalizeOnnxEvent[] = [];
    const stepping = run({ method: headOnly({ epochs: 60 }) });
    for await (const event of stepping) events.push(event);
    const { onnx, report } = await stepping.done;
    expect(report).toMatchObject({ judgedBy: 'held-out', examples: { learned: 36, held: 9 } });
    expect(events.some(({ type }) => type === 'step')).toBe(true);
    expect(await accuracyIn(onnx)).toBeGreaterThanOrEqual(0.9);
  });

  test('takes one example of a class', async () => {
    const few = Int32Array.from({ length: 45 }, (_, i) => i).filter((i) => i % 3 !== 2 || i === 2);
    const { report } = await run({ data: pick(data, few) }).done;
    expect(report.method.name).toBe('headOnly');
    expect(report.fallback).toBeUndefined();
  });

  test('may keep what the model gives, and give probabilities', async () => {
    const { onnx } = await run({ keepOutputs: true, probabilities: true, output: 'own' }).done;
    const outputs = await runModel(onnx, { image: [unseen.pixels, [60, 1, SIDE, SIDE]] });
    expect(Object.keys(outputs).sort()).toEqual(['own', 'probs', 'y']);
    const probs = Array.from((outputs['probs']?.data ?? []) as Float32Array);
    expect(probs).toHaveLength(180);
    expect(probs.slice(0, 3).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  });

  test('learns from varied copies, which the model is asked about too', async () => {
    const events: PersonalizeOnnxEvent[] = [];
    const copying = run({ augment: { shift: 1 }, copies: 2 });
    for await (const event of copying) events.push(event);
    const { report } = await copying.done;
    expect(events.findLast(({ type }) => type === 'features')).toMatchObject({ answered: 135, total: 135 });
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []));
    expect(phases).toEqual(['check', 'features', 'learn', 'measure', 'write', 'done']);
    expect(report).toMatchObject({ examples: { learned: 45, held: 0 }, own: { examples: 45 } });
  });

  test('is the same for the same seed', async () => {
    const [first, second] = [await run({ seed: 3 }).done, await run({ seed: 3 }).done];
    expect(first.onnx).toEqual(second.onnx);
  });
});

describe('a guard', () => {
  /** The model’s own answer, made to be right always. */
  const knowing = (labels: Int32Array) => {
    let at = 0;
    return (outputs: Readonly<Record<string, { readonly shape: readonly number[] }>>) => {
      const count = Object.values(outputs)[0]?.shape[0] ?? 0;
      const logits = new Float32Array(3 * count);
      for (let i = 0; i < count; i++) logits[3 * i + (labels[at++] as number)] = 1;
      return { logits: { data: logits, shape: [count, 3] } };
    };
  };

  test('gives the model as it came where a head is worse, and tells both', async () => {
    const random = seededRandom(8);
    const { pixels } = bars(45, 1);
    const noise = fromArrays(
      { data: pixels, shape: [45, SIDE, SIDE, 1] },
      Int32Array.from({ length: 45 }, (_, i) => (i < 3 ? i : Math.floor(3 * random()))),
    );
    const shared = { data: noise, holdout: unseen.data, read: knowing(unseen.labels) };
    const refused = await run({ ...shared, guard: {} }).done;
    expect(refused.onnx).toEqual(model);
    expect(refused.report).toMatchObject({ verdict: { isAccepted: false }, own: { before: 1, examples: 60 } });
    expect(refused.report.verdict.why).toContain('accuracy went from 1 to');
    const again = { data, holdout: unseen.data, read: knowing(unseen.labels) };
    const allowed = await run({ ...again, guard: { tolerance: 1 } }).done;
    expect(allowed.report).toMatchObject({ verdict: { isAccepted: true }, own: { before: 1, examples: 60 } });
    expect(allowed.onnx).not.toEqual(model);
  });

  test('says where the model’s own classes are others', async () => {
    const read = (outputs: Readonly<Record<string, unknown>>) => ({ logits: outputs['y'] as never });
    await expect(run({ read, holdout: unseen.data }).done).rejects.toMatchObject({ code: 'class-mismatch' });
  });
});

describe('what is wrong is told by code, before the model is asked', () => {
  const labelled = (...labels: number[]) =>
    fromArrays({ data: new Float32Array(labels.length * 36), shape: [labels.length, SIDE, SIDE, 1] }, labels);
  test.each<[string, Partial<PersonalizeOnnxOptions>, string]>([
    ['a tap that there is not', { tap: 'mops' }, 'unknown-tensor'],
    ['a weight as tap', { tap: 'kernels' }, 'invalid-option'],
    ['one class alone', { data: labelled(0, 0) }, 'class-mismatch'],
    ['a label outside of the names', { labels: ['a', 'b'] }, 'class-mismatch'],
    ['a class without an example', { data: labelled(0, 2) }, 'class-mismatch'],
    ['an example without a label', { data: labelled(0, 1, -1) }, 'labels-missing'],
    [
      'data without labels',
      { data: fromArrays({ data: new Float32Array(36), shape: [1, 6, 6, 1] }) as never },
      'labels-missing',
    ],
    ['no example', { data: labelled() }, 'empty-dataset'],
    [
      'a holdout of other inputs',
      { holdout: fromArrays({ data: new Float32Array(3), shape: [1, 3] }, [0]) },
      'shape-mismatch',
    ],
    ['a holdout with another class', { holdout: labelled(3) }, 'class-mismatch'],
    ['a method that cannot be written', { method: knn() }, 'invalid-option'],
    ['a time of 0', { budget: { ms: 0 } }, 'invalid-option'],
    ['copies of nothing', { copies: 3 }, 'invalid-option'],
    [
      'a reading without anything to measure on',
      { read: (outputs) => outputs, guard: { holdoutFraction: 0 } },
      'invalid-option',
    ],
    ['an option that nothing reads', { tapp: 'maps' } as never, 'invalid-option'],
    ['a guard as it was called before', { guard: { toleranceFraction: 1 } as never }, 'invalid-option'],
    [
      'own classes for class means alone',
      { method: prototypes({ strength: 'alone' }), keepsClasses: true },
      'invalid-option',
    ],
    ['keeping for a head that stands alone', { keepsClasses: false, keep: { former: 1 } }, 'invalid-option'],
    [
      'base examples without labels',
      { base: fromArrays({ data: new Float32Array(36), shape: [1, 6, 6, 1] }) as never },
      'labels-missing',
    ],
  ])('%s', async (_, changed, code) => {
    const events: PersonalizeOnnxEvent[] = [];
    const refused = run(changed);
    await expect(
      (async () => {
        for await (const event of refused) events.push(event);
      })(),
    ).rejects.toMatchObject({ code });
    expect(events.some(({ type }) => type === 'features')).toBe(false);
  });

  test.each([
    ['head', 'headOnly()'],
    ['lora', 'lora()'],
    ['full', 'headOnly(), prototypes() or lora()'],
  ])('a method by its former name "%s", and what to write', async (method, instead) => {
    const message = `"method" was "${method}"; methods are those of personalize. Write method: ${instead}.`;
    await expect(run({ method: method as never }).done).rejects.toMatchObject({ code: 'invalid-option', message });
  });

  test('pooling that does not fit, once the value is there', async () => {
    await expect(run({ tap: 'maps', pooling: 'none' }).done).rejects.toMatchObject({ code: 'shape-mismatch' });
    await expect(personalizeOnnx('model.onnx' as never, working()).done).rejects.toMatchObject({
      code: 'invalid-option',
    });
    await expect(personalizeOnnx(Uint8Array.of(9, 9), working()).done).rejects.toMatchObject({ code: 'invalid-onnx' });
  });

  test('a run that is cancelled ends with an AbortError', async () => {
    const cancelled = run();
    const watching = (async () => {
      for await (const event of cancelled) if (event.type === 'features') cancelled.cancel();
    })();
    await expect(watching).rejects.toMatchObject({ name: 'AbortError' });
  });
});
