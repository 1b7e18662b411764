import { checkCount, invalidOption } from '../options.ts';

/** No recorder is beyond these; 44.1 or 48 where 44,100 or 48,000 was meant is. */
const [LEAST, MOST] = [1000, 384_000];

/** Throws    invalid-option: not a whole number of samples per second that a recorder could have */
export function checkSampleRate(value: number, name: string): number {
  if (checkCount(value, name) >= LEAST && value <= MOST) return value;
  throw invalidOption(name, value, 'samples per second, from 1,000 to 384,000, such as 16000');
}
