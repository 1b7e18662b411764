import { expect, test } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { onMemoryPressure } from '../../core/memoryPressure.ts';
import { openFirst } from './sessionPlace.ts';

/** Sessions that do not fit until something is given up. */
function crowded(mayGive: boolean) {
  let isCrowded = true;
  const opened: { threads: number }[] = [];
  const start = async () => ({
    hash: async () => 'a hash',
    open: async (_files: unknown, _settings: unknown, placement: { threads: number }) => {
      if (isCrowded && placement.threads > 1) throw new LimbeckError('out-of-memory', 'There is no room.');
      opened.push(placement);
    },
    [Symbol.asyncDispose]: async () => undefined,
  });
  const stop = onMemoryPressure(async () => {
    const isGiven = mayGive && isCrowded;
    isCrowded = !isGiven;
    return isGiven;
  });
  return { opening: { files: {}, settings: {}, worker: 'none', start } as never, opened, stop };
}

test.each([
  [true, 2, []],
  [false, 1, ['The teacher did not fit with several threads; it runs on one.']],
])(
  'a model that does not fit takes the room of what is only kept warm (%s), else one thread',
  async (mayGive, threads, told) => {
    const { opening, opened, stop } = crowded(mayGive);
    const notices: string[] = [];
    const choose = async () => ({ device: 'wasm', threads: 2 }) as never;
    await openFirst(opening, choose, (notice) => notices.push(notice));
    stop();
    expect(opened).toEqual([{ device: 'wasm', threads }]);
    expect(notices).toEqual(told);
  },
);
