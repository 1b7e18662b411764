import { expect, test } from 'vitest';
import { answerEarly } from './answerEarly.ts';

const rows = (...given: number[][]) => ({
  data: Float32Array.from(given.flat()),
  shape: [given.length, given[0]?.length ?? 0],
});
/** log of odds: [logit(0.95), 0] is 95 % sure. */
const sure = (p: number) => [Math.log(p / (1 - p)), 0];

const outputs = {
  logits: rows([0, 1], [0, 2], [0, 3], [0, 4]),
  'exit.0': rows(sure(0.95), sure(0.6), sure(0.6), [0, 0]),
  'exit.1': rows(sure(0.99), sure(0.92), sure(0.7), [0, 0]),
};

test('takes the first exit that is sure, and else the last output', () => {
  const { logits, exit } = answerEarly(outputs);
  expect([...exit]).toEqual([0, 1, 2, 2]);
  expect(logits).toEqual(rows(sure(0.95), sure(0.92), [0, 3], [0, 4]));
});

test('asks as much as it is told to', () => {
  expect([...answerEarly(outputs, { threshold: 0.5 }).exit]).toEqual([0, 0, 0, 0]);
  expect([...answerEarly(outputs, { threshold: 0.65 }).exit]).toEqual([0, 1, 1, 2]);
  expect([...answerEarly(outputs, { threshold: 1 }).exit]).toEqual([2, 2, 2, 2]);
  expect([...answerEarly(outputs, { exits: 1 }).exit]).toEqual([0, 1, 1, 1]);
  expect(answerEarly(outputs, { exits: 1 }).logits.data.slice(2)).toEqual(outputs.logits.data.slice(2));
});

test('never trusts an exit that gives no number', () => {
  const broken = { ...outputs, 'exit.0': rows([Number.NaN, 0], [0, 0], [0, 0], [0, 0]) };
  expect(answerEarly(broken).exit[0]).toBe(1);
  expect([...answerEarly(broken, { threshold: 0, exits: 1 }).exit]).toEqual([1, 0, 0, 0]);
});

test('refuses what it cannot choose between', () => {
  const code = (name: string) => expect.objectContaining({ code: name });
  expect(() => answerEarly({ logits: outputs.logits })).toThrow(code('unknown-output'));
  expect(() => answerEarly({ 'exit.0': outputs.logits })).toThrow(code('unknown-output'));
  expect(() => answerEarly(outputs, { exits: 3 })).toThrow(code('unknown-output'));
  expect(() => answerEarly({ ...outputs, logits: rows([1, 2, 3]) })).toThrow(code('shape-mismatch'));
  expect(() => answerEarly(outputs, { threshold: 2 })).toThrow(code('invalid-option'));
  expect(() => answerEarly(outputs, { treshold: 1 } as never)).toThrow(code('invalid-option'));
});
