import { describe, expect, test } from 'vitest';
import { weighted } from '../../../losses/combination/weighted.ts';
import type { Loss } from '../../../losses/loss.ts';
import { consistency } from '../../../losses/response/consistency.ts';
import { progressiveTargets } from '../../../losses/response/progressiveTargets.ts';
import { softTargets } from '../../../losses/response/softTargets.ts';
import { specOf } from '../../../losses/spec.ts';
import * as tf from '../../../runtime/tf.ts';
import { buildStudent } from '../../../student/build.ts';
import type { StepPlace } from '../../batch.ts';
import type { TrainJob } from '../../engine.ts';
import { bytesOf, CLASSES, engineOn, FEATURES, makeJob, problem, SIZE } from '../../engineCases.ts';
import { labelledSource } from '../../labelledCases.ts';
import { makers } from '../../loopCases.ts';
import type { Part, PartContext, PartRun } from '../part.ts';
import { openSelfTeacher } from './openSelfTeacher.ts';

const portable = (loss: Loss) => structuredClone(specOf(loss));
const beside = weighted([
  { loss: softTargets(), weight: 1 },
  { loss: consistency({ distance: 'kl' }), weight: 1 },
]);

describe.each(['cpu', 'wasm'] as const)('self teachers on %s', (backend) => {
  const { train } = engineOn(backend);

  test.each([
    ['mean', beside, { kind: 'mean' }],
    ['past', progressiveTargets(), { kind: 'past' }],
  ] as const)('%s learns with replayed steps', async (_, loss, selfTeacher) => {
    const changed: Partial<TrainJob> = { loss: portable(loss), selfTeacher, epochs: 3 };
    const { events, epochs, error, artifacts } = await train(changed, labelledSource());
    expect(error).toBeUndefined();
    expect(events.filter(({ type }) => type === 'notice')).toEqual([]);
    expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss as number);
    const again = await train(changed, labelledSource());
    expect(bytesOf(again.artifacts)).toEqual(bytesOf(artifacts));
  });
});

describe('openSelfTeacher', () => {
  engineOn('cpu');
  const source = labelledSource();
  const batchOf = (indices: Int32Array) => source.read(indices);
  const first = Int32Array.of(0, 1, 2);
  const place = (step: number) => ({ step, indices: first }) as StepPlace;
  const epoch = (at: number) =>
    ({ type: 'epoch', epoch: at, epochs: 3, loss: 0, ms: 0, learnMs: 0, examplesPerSecond: 0 }) as const;

  async function started(selfTeacher: TrainJob['selfTeacher'] & object, maker?: string) {
    const own = maker === undefined ? undefined : (makers[maker] as () => tf.LayersModel)();
    const job = await makeJob({ selfTeacher, size: SIZE });
    const model = own ?? (await buildStudent(job.student, job.seed));
    const self = (await openSelfTeacher({ job, model, source } as unknown as PartContext)) as Required<Part>;
    const said = async () => (await self.complete(await batchOf(first), place(0))).teacher;
    const predicted = () =>
      tf.tidy(() =>
        Array.from(
          (model.predict(tf.tensor(problem.inputs.data.slice(0, 3 * FEATURES), [3, FEATURES])) as tf.Tensor).dataSync(),
        ),
      );
    const shift = (by: number) =>
      tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.add(weight, by))));
    const free = () => {
      void self.end();
      model.dispose();
    };
    return { self, said, predicted, shift, free, model };
  }

  test('the mean starts as the student, and follows it by its decay', async () => {
    const { self, said, predicted, shift, free, model } = await started({ kind: 'mean', decay: 0.6 });
    const at = predicted();
    expect(Array.from((await said())['self']?.data ?? [])).toEqual(at);
    // The teacher's own answers stay where they are.
    expect(Array.from((await said())['logits']?.data ?? [])).toEqual([...problem.teacher.data.slice(0, 3 * CLASSES)]);
    const before = model.getWeights().map((weight) => weight.dataSync().slice());
    shift(1);
    expect(Array.from((await said())['self']?.data ?? [])).toEqual(at);
    for (const step of [0, 1, 2]) self.afterStep(place(step));
    // min(1 − 1/(step + 1), 0.6): one half, then 0.6 twice.
    const kept = 0.5 * 0.6 * 0.6;
    const mean = await said();
    tf.tidy(() =>
      model.setWeights(
        before.map((values, i) =>
          tf.tensor(
            Float32Array.from(values, (w) => w + 1 - kept),
            model.getWeights()[i]?.shape,
          ),
        ),
      ),
    );
    const expected = predicted();
    Array.from(mean['self']?.data ?? []).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, 4);
    });
    free();
  });

  test('the past has no answers in the first epoch, and then those of the student at the end of the last epoch', async () => {
    const { self, said, predicted, shift, free } = await started({ kind: 'past' });
    expect(Array.from((await said())['self']?.data ?? [])).toEqual(Array(3 * CLASSES).fill(0));
    const end = predicted();
    await self.afterEpoch(epoch(1), {} as PartRun);
    shift(0.3);
    self.afterStep(place(0));
    Array.from((await said())['self']?.data ?? []).forEach((value, i) => {
      expect(value).toBeCloseTo(end[i] as number, 5);
    });
    const later = predicted();
    await self.afterEpoch(epoch(2), {} as PartRun);
    Array.from((await said())['self']?.data ?? []).forEach((value, i) => {
      expect(value).toBeCloseTo(later[i] as number, 5);
    });
    const before = source.reads.length;
    await self.afterEpoch(epoch(3), {} as PartRun);
    // Nobody needs the past of the last epoch.
    expect(source.reads.length).toBe(before);
    free();
  });

  test('a cancelled run does not wait for the past', async () => {
    const { self, free } = await started({ kind: 'past' });
    const before = source.reads.length;
    await expect(self.afterEpoch(epoch(1), { signal: AbortSignal.abort() } as PartRun)).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(source.reads.length).toBe(before);
    free();
  });

  test('sees the examples before augmentation', async () => {
    const { self, said, free } = await started({ kind: 'mean' });
    const batch = await batchOf(first);
    const inputs = { input: { data: new Float32Array(3 * FEATURES), shape: [3, FEATURES] } };
    const varied = { ...batch, inputs, asTheyAre: batch.inputs };
    expect((await self.complete(varied, place(0))).teacher['self']).toEqual((await said())['self']);
    expect((await self.complete(varied, place(0))).inputs['input']?.data.every((x) => x === 0)).toBe(true);
    free();
  });
});
