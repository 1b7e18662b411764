// A teacher that ends in a softmax, compared with the same one without.
import { describe, expect, test } from 'vitest';
import { logProbsOf } from '../core/logProbs.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { regression } from '../losses/response/regression.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { openStore } from '../storage/openStore.ts';
import { cachedTeacher } from '../teacher/cachedTeacher.ts';
import { ensemble } from '../teacher/ensemble.ts';
import { fromFunction } from '../teacher/fromFunction.ts';
import { distill } from './distill.ts';
import { CLASSES, distance, holdout, labelled, logitsOf, makeTeacher, weightsOf, working } from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';
import { inspectTeacher } from './inspectTeacher.ts';
import { blackBox } from './schemes/blackBox.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

const softmaxOf = (logits: NdArray): NdArray => ({
  data: Float32Array.from(logProbsOf(logits), Math.exp),
  shape: logits.shape,
});
const sharp = (input: NdArray): NdArray => {
  const { data, shape } = logitsOf(input);
  return { data: data.map((logit) => 2 * logit), shape };
};
const ofLogits = makeTeacher((input) => ({ logits: sharp(input) })).teacher;
const ofProbs = makeTeacher((input) => ({ logits: softmaxOf(sharp(input)) })).teacher;

const TAUGHT = { holdout, epochs: 40, optimizer: { learningRate: 0.02 } } as const;

async function run(changed: Partial<DistillOptions>) {
  const going = distill(working(trainer(), { ...TAUGHT, ...changed }));
  const notices: string[] = [];
  for await (const event of going) {
    if (event.type === 'notice' && !trainer().description.notices.includes(event.message)) notices.push(event.message);
  }
  const { student, report, holdoutAnswers } = await going.done;
  return { weights: weightsOf(student), holdout: report.holdout, notices, answers: holdoutAnswers as NamedArrays };
}

describe('a teacher of probabilities', () => {
  test('gives the same student as its logits: as accurate, and as well calibrated', async () => {
    const [logits, probs] = [await run({ teacher: ofLogits }), await run({ teacher: ofProbs })];
    expect(distance(probs.weights, logits.weights)).toBeLessThan(1e-3);
    for (const name of ['accuracy', 'teacherAccuracy', 'agreement', 'calibrationError', 'negativeLogLikelihood']) {
      expect(Math.abs((probs.holdout[name] as number) - (logits.holdout[name] as number)), name).toBeLessThan(1e-3);
    }
    expect(logits.notices).toEqual([]);
    expect(probs.notices).toEqual([expect.stringMatching(/"fake" gives probabilities .* as "logits"/)]);
    expect(Math.max(...(probs.answers['logits']?.data ?? []))).toBeLessThanOrEqual(0);
  });

  test('that is read as logits anyway teaches something else, without notices', async () => {
    const asLogits = fromFunction((inputs) => ofProbs.ask(inputs), { name: 'pinned', given: 'logits' });
    const [pinned, probs] = [await run({ teacher: asLogits }), await run({ teacher: ofProbs })];
    expect(pinned.notices).toEqual([]);
    expect(distance(pinned.weights, probs.weights)).toBeGreaterThan(0.01);
    expect(pinned.holdout['negativeLogLikelihood']).toBeGreaterThan(
      1.2 * (probs.holdout['negativeLogLikelihood'] as number),
    );
  });

  test('under its own name is read so if it is compared with the student’s logits', async () => {
    const { teacher } = makeTeacher((input) => ({ probabilities: softmaxOf(sharp(input)) }));
    const loss = softTargets({ teacherOutput: 'probabilities' });
    const [named, plain] = [
      await run({ teacher, loss, holdout: undefined }),
      await run({ teacher: ofProbs, holdout: undefined }),
    ];
    expect(named.weights).toEqual(plain.weights);
    expect(named.notices).toEqual([expect.stringContaining('as "probabilities"')]);
  });

  test('whose numbers a loss reads as values gives them unchanged', async () => {
    const { notices, answers } = await run({ teacher: ofProbs, loss: regression({ output: 'logits' }) });
    expect(notices).toEqual([]);
    expect(Math.min(...(answers['logits']?.data ?? []))).toBeGreaterThanOrEqual(0);
  });

  test('is the same from its kept answers, and in an ensemble', async () => {
    await using store = await openStore('answers', { kind: 'memory' });
    const source = fromFunction((inputs) => ofProbs.ask(inputs), { name: 'f', version: '1' });
    const plain = await run({ teacher: ofProbs });
    for (let time = 0; time < 2; time++) {
      await using cached = cachedTeacher(source, store);
      expect((await run({ teacher: cached })).weights).toEqual(plain.weights);
    }
    const both = await run({ teacher: ensemble([ofProbs, ofLogits]) });
    expect(distance(both.weights, plain.weights)).toBeLessThan(1e-3);
    expect(both.notices).toEqual([expect.stringContaining('gives probabilities')]);
  });
});

test('an inspection reads it like distill, and says so', async () => {
  const [probs, logits] = await Promise.all(
    [ofProbs, ofLogits].map((teacher) => inspectTeacher(teacher, labelled).done),
  );
  expect(probs?.teachers[0]?.truth?.calibrationError).toBeCloseTo(
    logits?.teachers[0]?.truth?.calibrationError as number,
    4,
  );
  expect(probs?.teachers[0]).toMatchObject({ fromProbs: true, looksLikeProbs: false });
  expect(probs?.findings).toContainEqual(expect.stringContaining('are probabilities'));
  expect(logits?.teachers[0]).toMatchObject({ fromProbs: false });
  const pinned = await inspectTeacher(ofProbs, labelled, { given: 'logits' }).done;
  expect(pinned.teachers[0]).toMatchObject({ fromProbs: false, looksLikeProbs: true });
});

test('a black box of probabilities is recognized', async () => {
  const short = {
    student: working(trainer()).student,
    data: working(trainer()).data,
    trainer: trainer(),
    rounds: 1,
    fineTuneEpochs: 0,
  };
  const of = async (options: object) => {
    const student = working(trainer()).student;
    const { student: taught } = await blackBox({ ...short, student, teacher: ofProbs, ...options }).done;
    return weightsOf(taught);
  };
  const [found, said] = [await of({}), await of({ given: 'probs' })];
  expect(found.length).toBeGreaterThan(CLASSES);
  expect(distance(found, said)).toBeLessThan(1e-4);
});
