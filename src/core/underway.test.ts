import { expect, test } from 'vitest';
import { makeUnderway } from './underway.ts';

const over = () => new Error('over');

test('the end waits for what is under way, however that ends, and comes once', async () => {
  const { perform, close } = makeUnderway(over);
  const seen: string[] = [];
  let end = () => {};
  const slow = perform(() => new Promise<string>((resolve) => (end = () => resolve('done')))).finally(() =>
    seen.push('slow'),
  );
  const failing = perform(async () => Promise.reject(new Error('failed'))).catch(() => void seen.push('failed'));
  const last = async () => void seen.push('last');
  const closed = [close(last), close(last)];
  await failing;
  await Promise.resolve();
  expect(seen).toEqual(['failed']);
  end();
  expect(await slow).toBe('done');
  await Promise.all(closed);
  expect(seen).toEqual(['failed', 'slow', 'last']);
});

test('nothing begins once the end was asked for', async () => {
  const underway = makeUnderway(over);
  expect(await underway.perform(async () => 1)).toBe(1);
  expect(underway.isClosing).toBe(false);
  const closed = underway.close(async () => undefined);
  let hasBegun = false;
  await expect(underway.perform(async () => (hasBegun = true))).rejects.toThrow('over');
  expect([hasBegun, underway.isClosing]).toEqual([false, true]);
  await closed;
});

test('what fails as it begins is no exception of the caller’s, and is not waited for', async () => {
  const underway = makeUnderway(over);
  const thrown = underway.perform(() => {
    throw new Error('at once');
  });
  await expect(thrown).rejects.toThrow('at once');
  await underway.close(async () => undefined);
});
