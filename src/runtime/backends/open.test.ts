import { expect, test } from 'vitest';
import { getBackend } from '../tf.ts';
import { openBackendHere } from './open.ts';

test.each([
  ['kernels off', { kernels: 'off' }, /Kernels are off.*100 times slower/],
  ['the cpu backend', { backend: 'cpu' }, /cpu backend, 100 times slower/],
] as const)(
  'with %s it computes on cpu, says how slow that is, and leaves what was there before',
  async (_, options, says) => {
    const before = getBackend();
    const opened = await openBackendHere(options);
    expect(opened.description).toMatchObject({ backend: 'cpu', threads: 1, hasKernels: false });
    expect(opened.description.notices).toEqual([expect.stringMatching(says)]);
    await opened.dispose();
    expect(getBackend()).toBe(before);
  },
);
