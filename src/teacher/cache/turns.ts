import { yieldToEvents } from '../../core/yield.ts';

/** Some milliseconds of hashing, checking or encoding. */
const TURN_BYTES = 1 << 20;

/** To be awaited after work on so many bytes: lets others have a turn now and then, so that no page stands still. */
export function takeTurns(): (bytes: number) => Promise<void> {
  let left = TURN_BYTES;
  return async (bytes) => {
    left -= bytes;
    if (left > 0) return;
    left = TURN_BYTES;
    await yieldToEvents();
  };
}
