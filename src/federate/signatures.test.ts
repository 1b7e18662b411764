import { expect, test } from 'vitest';
import { deviceKey } from './deviceKey.ts';
import { signatures } from './signatures.ts';

const [a, b] = [await deviceKey(), await deviceKey()];
const roster = new Map([
  ['a', a.publicKey],
  ['b', b.publicKey],
]);
const update = { federation: 'digits', round: 3, client: 'a', hash: '0'.repeat(64) };
const because = (why: string, client = 'a') =>
  expect.objectContaining({ code: 'update-invalid', details: expect.objectContaining({ why, client }) });

test('an update that its device has signed is accepted, and may be looked at again', async () => {
  const signature = await signatures({ device: a, roster }).sign(update);
  const others = signatures({ roster });
  await expect(others.check(update, signature)).resolves.toBeUndefined();
  await expect(others.check(update, signature)).resolves.toBeUndefined();
});

test('a signature holds for one federation, round, client and update', async () => {
  const signature = await signatures({ device: a, roster }).sign(update);
  for (const change of [{ federation: 'other' }, { round: 4 }, { hash: '1'.repeat(64) }]) {
    await expect(signatures({ roster }).check({ ...update, ...change }, signature)).rejects.toEqual(
      because('unsigned'),
    );
  }
  await expect(signatures({ roster }).check({ ...update, client: 'b' }, signature)).rejects.toEqual(
    because('unsigned', 'b'),
  );
  await expect(signatures({ roster }).check({ ...update, client: 'c' }, signature)).rejects.toEqual(
    because('unsigned', 'c'),
  );
  const stolen = await signatures({ device: b, roster }).sign(update);
  await expect(signatures({ roster }).check(update, stolen)).rejects.toEqual(because('unsigned'));
});

test('none, or one of another form, is no signature', async () => {
  const signature = await signatures({ device: a, roster }).sign(update);
  const changed = [...signature].map((letter, i) => (i === 0 ? (letter === '0' ? '1' : '0') : letter)).join('');
  for (const bad of [undefined, '', 'x', changed, `${signature}0`, signature.slice(1), signature.toUpperCase()]) {
    if (bad === signature) continue;
    await expect(signatures({ roster }).check(update, bad)).rejects.toEqual(because('unsigned'));
  }
});

test('what comes again in another place is a replay', async () => {
  const own = signatures({ device: a, roster });
  const check = signatures({ roster });
  const later = { ...update, round: 4, hash: '4'.repeat(64) };
  const [first, second, next] = [await own.sign(update), await own.sign(update), await own.sign(later)];
  expect(first).not.toBe(second);
  await check.check(update, first);
  // Signed twice by its device: one of both counts.
  await expect(check.check(update, second)).rejects.toEqual(because('replayed'));
  const other = { ...update, hash: '1'.repeat(64) };
  await expect(check.check(other, await own.sign(other))).rejects.toEqual(because('replayed'));
  await check.check(later, next);
  await expect(check.check(update, first)).rejects.toEqual(because('replayed'));
  // Another client's rounds are its own.
  const theirs = { ...update, client: 'b' };
  await expect(check.check(theirs, await signatures({ device: b, roster }).sign(theirs))).resolves.toBeUndefined();
});

test('without a key nothing is signed, and a roster holds keys', async () => {
  const refused = expect.objectContaining({ code: 'invalid-option' });
  await expect(signatures({ roster }).sign(update)).rejects.toEqual(refused);
  expect(() => signatures({ roster: new Map([['a', 'x']]) })).toThrow(refused);
});
