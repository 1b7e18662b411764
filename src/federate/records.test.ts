import { expect, test } from 'vitest';
import { fromBytes, type Head, toBytes } from './records.ts';

const head = (participants: string[]): Omit<Head, 'version'> => ({
  ...{ settings: { rounds: { most: 2 } }, phase: 'open', round: 1, attempt: 1, participants },
  ...{ model: 'a'.repeat(64), record: undefined },
});

test('clients of one program that read the same head share it, and none can change it', () => {
  const first = fromBytes('head', toBytes('head', head(['c1', 'c2'])));
  expect(fromBytes('head', toBytes('head', head(['c1', 'c2'])))).toBe(first);
  expect(fromBytes('head', toBytes('head', head(['c1', 'c3']))).participants).toEqual(['c1', 'c3']);
  expect(first.participants).toEqual(['c1', 'c2']);
  expect(() => (first.participants as string[]).push('c4')).toThrow(TypeError);
  expect(() => Object.assign(first.settings['rounds'] as object, { most: 3 })).toThrow(TypeError);
});

test('a small entry of each client is its own', () => {
  const beat = () => fromBytes('heartbeat', toBytes('heartbeat', { client: 'c1', session: 's1', beat: 0 }));
  expect(beat()).toEqual(beat());
  expect(beat()).not.toBe(beat());
});

test('what lies too deep is refused as what cannot be read', () => {
  const deep = `{"settings":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`;
  expect(() => fromBytes('head', new TextEncoder().encode(deep))).toThrow(
    expect.objectContaining({ code: 'transport-failed' }),
  );
});
