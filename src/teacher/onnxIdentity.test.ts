import { expect, test } from 'vitest';
import { identityOf } from './onnxIdentity.ts';
import { sumOverTime } from './read.ts';

test('everything that changes answers changes the identity', async () => {
  const recurrent = { sequence: 'x', frame: 4, state: { h: 'hn' } };
  const identities = await Promise.all([
    identityOf('a', {}),
    identityOf('b', {}),
    identityOf('a', { input: { size: [2, 2] } }),
    identityOf('a', { taps: ['h'] }),
    identityOf('a', { taps: ['h'], untilTaps: true }),
    identityOf('a', { taps: [/h/] }),
    identityOf('a', { recurrent }),
    identityOf('a', { outputs: ['y'] }),
    identityOf('a', { read: sumOverTime({ classes: [1, 2] }) }),
    identityOf('a', { read: sumOverTime({ classes: [2, 1] }) }),
  ]);
  expect(identities.every((identity) => /^[0-9a-f]{64}$/.test(identity ?? ''))).toBe(true);
  expect(new Set(identities).size).toBe(identities.length);
});

test('what does not change answers does not', async () => {
  const plain = await identityOf('a', {});
  expect(await identityOf('a', { device: 'wasm', threads: 1, name: 'b', batchSize: 8 })).toBe(plain);
  const read = sumOverTime({ classes: [1] });
  expect(await identityOf('a', { read })).toBe(await identityOf('a', { read: sumOverTime({ classes: [1] }) }));
});

test("a function of the page's own has none", async () => {
  expect(await identityOf('a', { read: (outputs) => outputs })).toBeUndefined();
});
