import { expect, test } from 'vitest';
import { calibrated } from './calibrated.ts';
import { array, fixed, inputs } from './ensembleCases.ts';

const answers = { logits: array([1, -2, 4, 0], 2, 2), features: array([8, 8], 2, 1) };

test('divides the logits by the temperature and leaves the rest', async () => {
  const answer = await calibrated(fixed(answers), 4).ask(inputs);
  expect(answer).toEqual({ logits: array([0.25, -0.5, 1, 0], 2, 2), features: answers.features });
  expect(answers.logits).toEqual(array([1, -2, 4, 0], 2, 2));
  const other = await calibrated(fixed(answers), 2, 'features').ask(inputs);
  expect(other).toEqual({ ...answers, features: array([4, 4], 2, 1) });
});

test('is known to a cache as another teacher, for each temperature and output', () => {
  const known = { ...fixed(answers), description: { ...fixed(answers).description, identity: 'a' } };
  const identities = [
    calibrated(known, 2),
    calibrated(known, 3),
    calibrated(known, 2, 'z'),
    calibrated({ ...known, description: { ...known.description, identity: 'b' } }, 2),
  ].map(({ description }) => description.identity);
  expect(new Set([...identities, 'a', undefined]).size).toBe(6);
  const { identity: _, ...unknown } = known.description;
  expect(calibrated({ ...known, description: unknown }, 2).description).not.toHaveProperty('identity');
});

test('tells what its teacher tells, and leaves it alive', async () => {
  let isDisposed = false;
  const usage = { calls: 3, computed: 5, found: 1 };
  const teacher = {
    ...fixed(answers),
    usage: () => usage,
    watch: (listener: (notice: string) => void) => {
      listener('slower now');
      return () => undefined;
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
    },
  };
  const own = calibrated(teacher, 2);
  const notices: string[] = [];
  own.watch?.((notice) => notices.push(notice))();
  expect([notices, own.usage?.()]).toEqual([['slower now'], usage]);
  await own[Symbol.asyncDispose]();
  expect(isDisposed).toBe(false);
  await expect(own.ask(inputs)).rejects.toMatchObject({ code: 'disposed' });
  expect(calibrated({ ask: teacher.ask } as never, 2)).not.toHaveProperty('usage');
});

test('refuses what is no temperature, no teacher or no output', async () => {
  for (const temperature of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => calibrated(fixed(answers), temperature)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  }
  expect(() => calibrated({} as never, 1)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  await expect(calibrated(fixed(answers), 1, 'probs').ask(inputs)).rejects.toMatchObject({
    code: 'unknown-output',
    message: expect.stringContaining('"probs"; it gives logits, features'),
  });
});
