import { expect, test, vi } from 'vitest';
import { takeTurns } from './turns.ts';

test('gives others a turn when enough time has gone by, not before', async () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  try {
    const turn = takeTurns();
    let hadTurn = false;
    setImmediate(() => {
      hadTurn = true;
    });
    clock.mockReturnValue(8);
    for (let i = 0; i < 100; i++) await turn();
    expect(hadTurn).toBe(false);
    // One message may come back before the others' turn, but not one after the other for ever.
    for (let i = 1; i < 100 && !hadTurn; i++) {
      clock.mockReturnValue(8 + 9 * i);
      await turn();
    }
    expect(hadTurn).toBe(true);
  } finally {
    clock.mockRestore();
  }
});

test('ends work whose signal was aborted', async () => {
  const controller = new AbortController();
  const turn = takeTurns(controller.signal);
  await turn();
  controller.abort();
  await expect(turn()).rejects.toMatchObject({ name: 'AbortError' });
});
