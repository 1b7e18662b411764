// A model that knows the person's classes already: a head adds to what it says, and must not make it forget.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { argMax } from '../../../core/stats.ts';
import { fromArrays } from '../../../data/arrays.ts';
import { withoutLabels } from '../../../data/views.ts';
import { readModel, writeModel } from '../../../onnx/model.ts';
import { runModel } from '../../../onnx/ortCases.ts';
import { floats, modelOf, node, value } from '../../../onnx/tinyCases.ts';
import { ortAssets } from '../../../runtime/cases/assetCases.ts';
import { openTrainer, type Trainer } from '../../../train/trainer.ts';
import { headOnly } from '../../methods/headOnly.ts';
import { prototypes } from '../../methods/prototypes.ts';
import { bars, barsModel, inverted, SIDE } from '../barsCases.ts';
import { personalizeOnnx } from '../personalizeOnnx.ts';
import type { PersonalizeOnnxOptions } from '../personalizeOnnxOptions.ts';
import type { PersonalizeOnnxEvent } from '../personalizeOnnxReport.ts';

let trainer: Trainer;
/** Knows three kinds of bars, light on dark. */
let model: Uint8Array<ArrayBuffer>;
const base = bars(90, 3);
const mine = inverted(45, 4);
const unseen = inverted(90, 5);
const session = { worker: 'none', assetBase: ortAssets(), threads: 1, batchSize: 16, device: 'wasm' } as const;
const working = (changed: Partial<PersonalizeOnnxOptions> = {}): PersonalizeOnnxOptions => ({
  ...{ data: mine.data, input: { channels: 1 }, trainer, ...session },
  ...changed,
});
const run = (changed: Partial<PersonalizeOnnxOptions> = {}) => personalizeOnnx(model, working(changed));

beforeAll(async () => {
  trainer = await openTrainer({ worker: 'none', backend: 'cpu' });
  const made = personalizeOnnx(barsModel, working({ data: bars(90, 2).data, tap: 'row', output: 'own' }));
  model = (await made.done).onnx;
  expect(await accuracyIn(model, base, 'own')).toBeGreaterThan(0.9);
});
afterAll(() => trainer[Symbol.asyncDispose]());

async function accuracyIn(onnx: Uint8Array, { pixels, labels }: ReturnType<typeof bars>, output = 'logits') {
  const { [output]: logits } = await runModel(onnx, { image: [pixels, [labels.length, 1, SIDE, SIDE]] });
  const values = logits?.data as Float32Array;
  return labels.filter((label, i) => argMax(values, i * 3, 3) === label).length / labels.length;
}

test('the base is measured, and forgets no more than it may: with some of it learned along the person gains too', async () => {
  const { onnx, report } = await run({ base: base.data, keep: { replay: withoutLabels(bars(45, 6).data) } }).done;
  expect(report).toMatchObject({
    keepsClasses: true,
    judgedBy: 'cross-fitting',
    examples: { replayed: 45 },
  });
  expect(report.verdict.isAccepted, report.verdict.why).toBe(true);
  const [was, is] = [await accuracyIn(model, base, 'own'), await accuracyIn(onnx, base)];
  expect(report.base).toMatchObject({ before: was, after: is, examples: 90 });
  expect(was - is).toBeLessThanOrEqual(0.01 + 1e-9);
  // Six features of a convolution that was never trained: both hands at once leave it little room.
  expect(await accuracyIn(onnx, unseen)).toBeGreaterThan((await accuracyIn(model, unseen, 'own')) + 0.05);
  expect(report.own?.after).toBeGreaterThan(report.own?.before as number);
  expect(report.differenceFraction).toBeLessThan(1e-5);
});

test('a head that stands alone forgets, which is told, and with examples of the base does not get through', async () => {
  const events: PersonalizeOnnxEvent[] = [];
  const alone = run({ keepsClasses: false });
  for await (const event of alone) events.push(event);
  const forgot = (await alone.done).onnx;
  const was = await accuracyIn(model, base, 'own');
  expect(await accuracyIn(forgot, base)).toBeLessThan(was - 0.2);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'notice', message: expect.stringContaining('forgets of its own is not measured') }),
  );
  const guarded = await run({ keepsClasses: false, base: base.data }).done;
  expect(guarded.report).toMatchObject({ keepsClasses: false, verdict: { isAccepted: false }, base: { before: was } });
  expect(guarded.report.verdict.why).toContain('base’s examples accuracy went from');
  expect(guarded.onnx).toEqual(model);
  const means = await run({ method: prototypes({ strength: 'alone' }), base: base.data }).done;
  expect(means.report).toMatchObject({ keepsClasses: false, base: { before: was } });
});

test.each([
  ['class means', prototypes(), {}],
  ['steps', headOnly({ epochs: 20 }), {}],
  ['steps that are drawn back (EWC)', headOnly(), { ewc: 1 }],
])('what it says is added to by %s too', async (_, method, kept) => {
  const { onnx, report } = await run({ method, base: base.data, keep: { replay: bars(45, 6).data, ...kept } }).done;
  expect(report).toMatchObject({ keepsClasses: true, examples: { replayed: 45 } });
  const [was, is] = [
    await accuracyIn(model, base, 'own'),
    await accuracyIn(onnx, base, report.verdict.isAccepted ? 'logits' : 'own'),
  ];
  expect(was - is).toBeLessThanOrEqual(0.01 + 1e-9);
  if (report.verdict.isAccepted) expect(readModel(onnx).graph.node.at(-1)?.opType).toBe('Add');
});

test('whether the classes are the model’s own is seen by what it says of the examples', async () => {
  // Slightly changed, the model reads most of them.
  const own = await run({ data: bars(45, 7).data }).done;
  expect(own.report.keepsClasses).toBe(true);
  expect(readModel(own.onnx).graph.node.at(-1)?.opType).toBe('Add');
  // Named by lot they are others.
  const others = bars(45, 7);
  const labels = others.labels.map((_, i) => (i * 7 + Math.floor(i / 3)) % 3);
  const data = fromArrays({ data: others.pixels, shape: [45, SIDE, SIDE, 1] }, labels);
  expect((await run({ data }).done).report.keepsClasses).toBe(false);
  expect((await run({ keepsClasses: false }).done).report.keepsClasses).toBe(false);
});

test('of the model’s own classes not all need an example', async () => {
  const { pixels, labels } = inverted(45, 8);
  const places = [...labels.keys()].filter((i) => labels[i] !== 2);
  const row = SIDE * SIDE;
  const some = Float32Array.from(places.flatMap((i) => [...pixels.subarray(i * row, (i + 1) * row)]));
  const data = fromArrays(
    { data: some, shape: [places.length, SIDE, SIDE, 1] },
    places.map((i) => labels[i] as number),
  );
  const { report } = await run({ data, keepsClasses: true }).done;
  expect(report).toMatchObject({ classes: 3, keepsClasses: true });
  await expect(personalizeOnnx(barsModel, working({ keepsClasses: true })).done).rejects.toMatchObject({
    code: 'class-mismatch',
  });
});

test('labels by lot are refused, and the model comes out as it was given', async () => {
  const labels = mine.labels.map((_, i) => (i * i + Math.floor(i / 4)) % 3);
  const data = fromArrays({ data: mine.pixels, shape: [45, SIDE, SIDE, 1] }, labels);
  const { onnx, report } = await run({ data, keepsClasses: true }).done;
  expect(report.verdict.isAccepted, report.verdict.why).toBe(false);
  expect(onnx).toEqual(model);
});

test('the tap is chosen: where the last layer reads next to nothing, an earlier one serves', async () => {
  const wave = (count: number, seed: number) => Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + seed));
  const narrow = writeModel(
    modelOf({
      input: [value('image', ['B', 1, SIDE, SIDE])],
      output: [value('y', ['B', 2])],
      initializer: [
        floats('kernels', [6, 1, 3, 3], wave(54, 1)),
        floats('w1', [6, 8], wave(48, 2)),
        floats('w2', [8, 1], wave(8, 3)),
        floats('w3', [1, 2], wave(2, 4)),
      ],
      node: [
        node('Conv', ['image', 'kernels'], ['conv']),
        node('Relu', ['conv'], ['maps']),
        node('GlobalAveragePool', ['maps'], ['pooled']),
        node('Flatten', ['pooled'], ['row']),
        node('Gemm', ['row', 'w1'], ['hidden']),
        node('Gemm', ['hidden', 'w2'], ['one']),
        node('Gemm', ['one', 'w3'], ['y']),
      ],
    }),
  );
  const learning = working({ data: bars(60, 9).data, keepsClasses: false });
  const { onnx, report } = await personalizeOnnx(narrow, learning).done;
  expect(report.features?.candidates.map(({ name }) => name)).toEqual(['one', 'hidden', 'row']);
  expect(['hidden', 'row']).toContain(report.features?.name);
  expect(report.features?.why).toContain(`"${report.features?.name}"`);
  const reached = await accuracyIn(onnx, base);
  expect(reached).toBeGreaterThan(0.85);
  const pinned = await personalizeOnnx(narrow, { ...learning, tap: 'one' }).done;
  expect(pinned.report.features).toMatchObject({ name: 'one', candidates: [] });
  expect(await accuracyIn(pinned.onnx, base)).toBeLessThan(reached - 0.1);
  const again = await personalizeOnnx(narrow, learning).done;
  expect(again.report.features).toEqual(report.features);
});
