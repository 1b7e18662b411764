import { describe, expect, test } from 'vitest';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { openStore } from '../storage/openStore.ts';
import { COLOCATION } from '../workers/colocation.ts';
import { cachedTeacher } from './cachedTeacher.ts';
import { calibrated } from './calibrated.ts';
import { ensemble } from './ensemble.ts';
import { array, fixed, inputs } from './ensembleCases.ts';
import { fromFunction } from './fromFunction.ts';
import { holdsProbs } from './holdsProbs.ts';
import { readAsLogits } from './readAsLogits.ts';

const probs = array([0.7, 0.2, 0.1, 0.1, 0.1, 0.8], 2, 3);
const logs = Array.from(probs.data, Math.log);
const scores = array([1, -2, 0.5, 3, 0.1, -1], 2, 3);

function expectClose(
  { data }: Pick<NdArray, 'data'> | undefined = { data: new Float32Array(0) },
  expected: readonly number[],
) {
  expect(data.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, 5);
}

describe('rows are probabilities', () => {
  test.each<[string, NdArray]>([
    ['of a softmax', probs],
    ['of halves, which add up to nearly 1', array([0.3334, 0.3334, 0.3334, 0.5, 0.25, 0.25], 2, 3)],
    ['of one class each', array([0, 1, 0, 1, 0, 0], 2, 3)],
    ['of each step of a sequence', array([0.5, 0.5, 0.1, 0.9, 1, 0, 0.2, 0.8], 2, 2, 2)],
    ['of each pixel, channels first', array([0.9, 0.4, 0.3, 0.2, 0.1, 0.6, 0.7, 0.8], 1, 2, 2, 2)],
  ])('%s', (_, given) => expect(holdsProbs(given)).toBe(true));

  test.each<[string, NdArray]>([
    ['logits', scores],
    ['one number an example, such as a regression of [B, 1]', array([1, 1, 1], 3, 1)],
    ['measures between 0 and 1, such as a box', array([0.1, 0.2, 0.6, 0.7, 0.5, 0.5, 0.9, 0.9], 2, 4)],
    ['what a sigmoid gives for each of several labels', array([0.9, 0.8, 0.1, 0.2, 0.1, 0.1], 2, 3)],
    ['what adds up to 1 and is negative somewhere', array([1.5, -0.5, 0.5, 0.5], 2, 2)],
    ['log-probabilities', array(logs, 2, 3)],
    ['nothing', array([], 0, 3)],
    ['NaN', array([Number.NaN, 1, 0, 1], 2, 2)],
    ['whole numbers', { data: Int32Array.of(1, 0), shape: [1, 2] }],
    ['one number for each', array([0.5, 0.5], 2)],
  ])('not %s', (_, given) => expect(holdsProbs(given)).toBe(false));
});

describe('a teacher whose model tells nothing', () => {
  test('is read as its first answer is', async () => {
    const reading = readAsLogits(fixed({ logits: probs, features: probs }));
    expect(reading.description.fromProbs).toBeUndefined();
    const answer = await reading.ask(inputs);
    expectClose(answer['logits'], logs);
    expect(answer['features']).toBe(probs);
    expect(reading.description.fromProbs).toEqual(['logits']);
  });

  test('that gives logits gives the same arrays', async () => {
    const given = { logits: scores };
    const reading = readAsLogits(fixed(given));
    expect(await reading.ask(inputs)).toBe(given);
    expect(reading.description.fromProbs).toEqual([]);
  });

  test('a probability of 0 has a logarithm that is finite, and smaller than any that counts', async () => {
    const answer = await readAsLogits(fixed({ logits: array([1, 0], 1, 2) })).ask(inputs);
    expect(answer['logits']?.data[0]).toBe(0);
    expect(answer['logits']?.data[1]).toBeLessThan(-25);
    expect(answer['logits']?.data[1]).toBeGreaterThan(-30);
  });

  test('that changes its mind is refused, and not mixed', async () => {
    let answer: NamedArrays = { logits: probs };
    const reading = readAsLogits(fixed({}, { ask: async () => answer }));
    await reading.ask(inputs);
    answer = { logits: scores };
    await expect(reading.ask(inputs)).rejects.toMatchObject({ code: 'read-failed' });
  });

  test('is not asked on a GPU, where nothing is looked at', async () => {
    const place = { hasGpu: true, isTaken: true, call: async () => undefined as never };
    const reading = (logits: NdArray) =>
      readAsLogits(fixed({ logits }, { [COLOCATION]: place } as object)) as { [COLOCATION]?: unknown };
    const [ofProbs, ofLogits] = [reading(probs), reading(scores)];
    for (const one of [ofProbs, ofLogits]) await (one as unknown as ReturnType<typeof fixed>).ask(inputs);
    expect(ofLogits[COLOCATION]).toBe(place);
    expect(ofProbs[COLOCATION]).toBeUndefined();
  });
});

describe('what is said is not looked at', () => {
  const ask = async () => ({ logits: probs });

  test('given: "logits" leaves answers as they are', async () => {
    const teacher = fromFunction(ask, { name: 'f', given: 'logits' });
    expect(readAsLogits(teacher)).toBe(teacher);
    expect((await readAsLogits(teacher).ask(inputs))['logits']).toBe(probs);
  });

  test('given: "probs" is done where the teacher is made', async () => {
    const teacher = fromFunction(ask, { name: 'f', given: 'probs', version: '1' });
    expectClose((await readAsLogits(teacher).ask(inputs))['logits'], logs);
    expect(teacher.description.identity).not.toBe(fromFunction(ask, { name: 'f', version: '1' }).description.identity);
  });

  test.each(['probabilities', 0.5])('given: %s is refused', (given) => {
    expect(() => fromFunction(ask, { name: 'f', given: given as never })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});

describe('together', () => {
  test('an ensemble of probabilities and logits averages logits', async () => {
    const mixed = ensemble([fixed({ logits: probs }), fixed({ logits: scores })]);
    const answer = await mixed.ask(inputs);
    expectClose(
      answer['logits'],
      logs.map((log, i) => (log + (scores.data[i] as number)) / 2),
    );
    expect(mixed.description.fromProbs).toEqual(['logits']);
  });

  test('what an ensemble is told of a member that was read already is not done twice', async () => {
    const member = fromFunction(async () => ({ logits: probs }), { name: 'f', given: 'probs' });
    expectClose((await ensemble([member], { given: 'probs' }).ask(inputs))['logits'], logs);
    const pinned = ensemble([fixed({ logits: probs })], { given: 'logits' });
    expectClose((await readAsLogits(pinned).ask(inputs))['logits'], Array.from(probs.data));
  });

  test('each member of a mean of losses is read by itself', async () => {
    const apart = ensemble([fixed({ logits: probs }), fixed({ logits: scores })], { mean: 'losses' });
    const answer = await apart.ask(inputs);
    expectClose(answer['logits@0'], logs);
    expectClose(answer['logits@1'], Array.from(scores.data));
    expect(apart.description.fromProbs).toEqual(['logits@0']);
  });

  test('a calibrated teacher of probabilities has its logits divided', async () => {
    const answer = await calibrated(fixed({ logits: probs }), 2).ask(inputs);
    expectClose(
      answer['logits'],
      logs.map((log) => log / 2),
    );
  });

  test.each(['float16', 'int8', { topK: 2 }] as const)(
    'probabilities kept as %o are still read as such',
    async (precision) => {
      await using store = await openStore('answers', { kind: 'memory' });
      const ask = async () => ({ logits: probs });
      for (let time = 0; time < 2; time++) {
        await using cached = cachedTeacher(fromFunction(ask, { name: 'f', version: '1' }), store, { precision });
        const { logits } = await readAsLogits(cached).ask(inputs);
        for (const [i, log] of logs.entries()) expect(Math.abs((logits?.data[i] as number) - log)).toBeLessThan(0.02);
      }
    },
  );

  test('kept answers are those of one reading, whoever asks', async () => {
    await using store = await openStore('answers', { kind: 'memory' });
    const ask = async () => ({ logits: probs });
    const plain = cachedTeacher(fromFunction(ask, { name: 'f', version: '1' }), store);
    const read = cachedTeacher(fromFunction(ask, { name: 'f', version: '1', given: 'probs' }), store);
    expectClose((await read.ask(inputs))['logits'], logs);
    expectClose((await plain.ask(inputs))['logits'], Array.from(probs.data));
    // Read again from the store, and by whoever reads them as logits.
    expectClose((await read.ask(inputs))['logits'], logs);
    expectClose((await readAsLogits(plain).ask(inputs))['logits'], logs);
    expectClose((await readAsLogits(read).ask(inputs))['logits'], logs);
    for (const one of [plain, read]) await one[Symbol.asyncDispose]();
  });
});
