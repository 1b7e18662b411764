import { expect, test } from 'vitest';
import { isPassing } from './natsErrors.ts';

/** As JetStream's library makes one from a server's answer. */
function apiError(code: number, status: number): Error {
  return Object.assign(new Error('refused'), { name: 'JetStreamApiError', code, status });
}

test.each([
  ['a cluster that has not found its servers', apiError(10_005, 400), true],
  ['a cluster without a leader', apiError(10_008, 503), true],
  ['a bad request', apiError(10_003, 400), false],
  ['copies on a single server', apiError(10_074, 500), false],
  ['no answer', Object.assign(new Error('timeout'), { name: 'TimeoutError' }), true],
  ['any other fault', new Error('fault'), false],
])('whether %s may pass', (_what, error, passes) => {
  expect(isPassing(error)).toBe(passes);
});
