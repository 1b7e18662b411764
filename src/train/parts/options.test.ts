import { expect, test } from 'vitest';
import { softTargets } from '../../losses/response/softTargets.ts';
import { cosine } from '../../losses/schedule.ts';
import { checkParts, ownAnswers, PART_FIELDS, type PartOptions, partsOf, withoutTeacher } from './options.ts';

const run = { loss: softTargets(), data: { size: 1, inputs: { input: { shape: [3], dtype: 'float32' } } } } as never;

test('each part checks its own options, and no check runs for a part that is not used', () => {
  for (const name of Object.keys(PART_FIELDS)) {
    expect(() => checkParts({ [name]: { nothing: 1 } } as never, run)).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        message: expect.stringMatching(/"nothing"|"accumulate"|"recompute"/),
      }),
    );
  }
  expect(() => checkParts({}, run)).not.toThrow();
});

test('what cannot go on from a checkpoint is refused with one', () => {
  const store = { get: async () => undefined, put: async () => undefined } as never;
  const asked: PartOptions = { checkpoints: { store }, selfTeacher: { kind: 'mean' } };
  expect(() => checkParts(asked, run)).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('selfTeacher') }),
  );
  expect(() => checkParts({ checkpoints: { store }, schedule: cosine(1, 0) }, run)).not.toThrow();
  expect(() => checkParts({ checkpoints: { store: {} as never } }, run)).toThrow(/openStore/);
});

test('what is best needs a holdout', () => {
  expect(() => checkParts({ keepBest: true }, run)).toThrow(/holdout/);
  expect(() => checkParts({ keepBest: { patience: 2 } }, { ...(run as object), holdout: {} } as never)).not.toThrow();
});

test('a run gets the parts it asks for; without a teacher it gets none that needs one', () => {
  const asked: PartOptions = { augment: { noise: 1 }, balance: false, selfTeacher: { kind: 'mean' } };
  const { augment, selfTeacher } = asked;
  expect(partsOf({ ...asked, epochs: 3 } as never)).toEqual({ augment, selfTeacher });
  expect(withoutTeacher({ ...asked, epochs: 3 })).toEqual({ augment, epochs: 3 });
  expect(ownAnswers(asked)).toEqual(['self']);
  expect(ownAnswers({ augment: { noise: 1 } })).toEqual([]);
});
