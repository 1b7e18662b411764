import { expect, test } from 'vitest';
import { ANSWERERS, answeredBy, sayAnswered } from './answeredBy.mjs';

const spec = (verdict: string, ...by: string[]) => ({ verdict, by });

test('each spec that passed counts once, by all that computed in it', () => {
  const counts = answeredBy([
    spec('passed', 'limbeck'),
    spec('passed', 'limbeck'),
    spec('passed', 'wasm', 'limbeck'),
    spec('passed', 'wasm', 'cpu', 'limbeck'),
    spec('passed'),
    spec('failed', 'limbeck'),
    spec('skipped', 'cpu'),
  ]);
  expect(counts).toEqual({
    ...Object.fromEntries(Object.keys(ANSWERERS).map((who) => [who, 0])),
    limbeck: 2,
    'limbeck+wasm': 1,
    'cpu+limbeck+wasm': 1,
    '': 1,
  });
  expect(sayAnswered(counts).split('\n')[0]).toBe("      2 answered by limbeck's kernels alone");
  expect(sayAnswered(counts).split('\n')).toHaveLength(Object.keys(ANSWERERS).length);
});
