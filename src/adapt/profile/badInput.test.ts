import { describe, expect, test } from 'vitest';
import { ndArray } from '../../core/shape.ts';
import { openProfile } from './openProfile.ts';
import type { Profile } from './profile.ts';
import { meanLearner, openWith, point, storeOn, studentOf, world } from './profileCases.ts';
import type { ProfileOptions } from './settings.ts';

describe('bad input is refused by code and changes nothing', () => {
  test.each<[string, Partial<ProfileOptions>, string]>([
    ['an unknown option', { kept: 1 } as object, 'invalid-option'],
    ['no function as learner', { learner: 'studentLearner' as never }, 'invalid-option'],
    ['a name with a slash', { name: 'a/b' }, 'invalid-option'],
    ['an empty name', { name: '' }, 'invalid-option'],
    ['the name ".."', { name: '..' }, 'invalid-option'],
    ['another keeps', { keeps: 'all' as 'features' }, 'invalid-option'],
    ['labels that are the same', { labels: ['a', 'a'] }, 'invalid-option'],
    ['too many labels', { labels: ['a', 'b', 'c'] }, 'class-mismatch'],
    ['a boolean for newLabels', { newLabels: true as unknown as 'allowed' }, 'invalid-option'],
    ['learning at another time', { learning: 'now' as 'idle' }, 'invalid-option'],
    ['no version kept', { mostVersions: 0 }, 'invalid-option'],
    ['a budget of no time', { idle: { ms: 0 } }, 'invalid-option'],
    ['half a step', { idle: { steps: 0.5 } }, 'invalid-option'],
    ['a negative wait', { idle: { quietMs: -1 } }, 'invalid-option'],
    ['a battery of 20', { idle: { batteryFraction: 20 } }, 'invalid-option'],
  ])('when opening: %s', async (_, options, code) => {
    const disk = new Map();
    await expect(openWith(await storeOn({ values: disk }), options)).rejects.toMatchObject({ code });
    expect(disk.size).toBe(0);
  });

  test.each<[string, (profile: Profile) => Promise<unknown>, string]>([
    ['an unknown label', (one) => one.observe(point(1, 0), 'up'), 'unknown-label'],
    ['a number for a label', (one) => one.observe(point(1, 0), 1 as unknown as string), 'invalid-option'],
    [
      'an input of another name',
      (one) => one.observe({ y: ndArray(Float32Array.of(1, 2), [2]) }, 'left'),
      'unknown-input',
    ],
    [
      'one input too many',
      (one) => one.observe({ ...point(1, 0), y: point(1, 0)['x'] } as never, 'left'),
      'unknown-input',
    ],
    ['no input', (one) => one.observe(undefined as never, 'left'), 'invalid-option'],
    ['a list of numbers', (one) => one.observe({ x: [1, 2] } as never, 'left'), 'invalid-option'],
    ['a batch', (one) => one.observe(ndArray(Float32Array.of(1, 2), [1, 2]), 'left'), 'shape-mismatch'],
    ['values that are not finite', (one) => one.observe(point(Number.NaN, 0), 'left'), 'not-finite'],
    ['an id with a slash', (one) => one.observe(point(1, 0), 'left', { id: 'a/b' }), 'invalid-option'],
    ['prediction of another shape', (one) => one.predict(ndArray(Float32Array.of(1), [1])), 'shape-mismatch'],
    ['an unknown option of learn', (one) => one.learn({ epochs: 1 } as never).done, 'invalid-option'],
    ['a budget of no steps', (one) => one.learn({ steps: 0 }).done, 'invalid-option'],
    ['learning from nothing', (one) => one.learn().done, 'empty-dataset'],
    ['a version that is not there', (one) => one.rollback(1), 'invalid-option'],
    ['an example that is not there', (one) => one.forget('a'), 'invalid-option'],
    ['a text for a file', (one) => one.importBytes('a' as never), 'invalid-option'],
  ])('when used: %s', async (_, use, code) => {
    const { profile, disk } = await world();
    const before = [...disk.values];
    await expect(use(profile)).rejects.toMatchObject({ code });
    expect([...disk.values]).toEqual(before);
  });

  test('another base, other labels and another way of keeping are refused, and the profile stays', async () => {
    const { profile, store } = await world();
    await profile.observe(point(1, 0), 'left');
    await expect(openWith(store, {}, studentOf(2))).rejects.toMatchObject({
      code: 'patch-mismatch',
      message: expect.stringContaining('use a profile of another name'),
    });
    await expect(openWith(store, { labels: ['right', 'left'] })).rejects.toMatchObject({ code: 'class-mismatch' });
    await expect(openWith(store, { keeps: 'examples' })).rejects.toMatchObject({ code: 'invalid-option' });
    const plain = await openProfile(store, studentOf(), { learner: meanLearner });
    expect(await plain.examples()).toMatchObject([{ label: 'left' }]);
  });

  test('without labels the classes are called by their numbers', async () => {
    const store = await storeOn({ values: new Map() });
    const profile = await openProfile(store, studentOf(), { learner: meanLearner });
    expect(await profile.predict(point(1, 0))).toMatchObject({ label: '1' });
  });

  test('a patch of another base, and probabilities of another number, are told', async () => {
    const { profile, learner } = await world();
    await profile.observe(point(1, 0), 'left');
    learner.base = '0'.repeat(64);
    await expect(profile.learn().done).rejects.toMatchObject({ code: 'patch-mismatch' });
    learner.predict = async () => ndArray(new Float32Array(3), [1, 3]);
    await expect(profile.predict(point(1, 0))).rejects.toMatchObject({ code: 'class-mismatch' });
  });
});
