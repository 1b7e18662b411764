import { expect, test } from 'vitest';
import { later } from './later.ts';

test('a part that loads is given, and one that does not fails where it is awaited, with a code', async () => {
  expect(await later(Promise.resolve({ part: 1 }))).toEqual({ part: 1 });
  const cause = new TypeError('Failed to fetch dynamically imported module: https://page.example/part-1.js');
  const failing = later(Promise.reject(cause));
  // Not awaited in this turn: Node would end the process for a rejection that nobody handles.
  await new Promise((resolve) => setTimeout(resolve));
  await expect(failing).rejects.toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringMatching(/part-1\.js.*load it again/),
    cause,
  });
});
