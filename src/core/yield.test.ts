import { expect, test } from 'vitest';
import { yieldToEvents } from './yield.ts';

test('whatever waits for a turn of the loop gets one between two yields, not after a thousand', async () => {
  let [turns, isServed] = [0, false];
  setImmediate(() => {
    isServed = true;
  });
  while (!isServed && turns < 100) {
    await yieldToEvents();
    turns++;
  }
  expect(turns).toBeLessThan(3);
});
