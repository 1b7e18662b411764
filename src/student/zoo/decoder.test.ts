import { beforeAll, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../../runtime/tf.ts';
import { buildStudent, describeStudent } from '../build.ts';
import type { Student } from '../student.ts';
import { decoder } from './decoder.ts';
import { recurrentDecoder } from './recurrentDecoder.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
expectNoTensorsLeft();

test('a decoder has at most a million weights by default, and sees nothing of what follows, whatever its kind', async () => {
  const size = { length: 6, vocabulary: 7, width: 8 };
  const kinds = {
    decoder: [decoder(), decoder({ ...size, heads: 2, hidden: 12, blocks: 2 })],
    gru: [recurrentDecoder(), recurrentDecoder({ ...size, units: 5 })],
    lstm: [recurrentDecoder({ cell: 'lstm' }), recurrentDecoder({ ...size, cell: 'lstm', units: 5 })],
  };
  const counts: Record<string, number> = {};
  for (const [kind, [whole, small]] of Object.entries(kinds) as [string, [Student, Student]][]) {
    const model = await buildStudent(await whole.portable(), 0);
    counts[kind] = describeStudent(model).parameters;
    model.dispose();
    const tiny = await buildStudent(await small.portable(), 1);
    tf.tidy(() => {
      const answer = (tokens: number[]) =>
        (tiny.predict(tf.tensor2d([tokens], [1, 6], 'int32')) as tf.Tensor).dataSync();
      const [first, second] = [answer([1, 2, 3, 4, 5, 6]), answer([1, 2, 3, 0, 5, 6])];
      expect([...second.slice(0, 21)]).toEqual([...first.slice(0, 21)]);
      expect([...second.slice(21)]).not.toEqual([...first.slice(21)]);
    });
    tiny.dispose();
  }
  expect(counts).toEqual({ decoder: 875_520, gru: 488_832, lstm: 624_384 });
  for (const make of [() => decoder({ width: 10, heads: 4 }), () => recurrentDecoder({ cell: 'rnn' as 'gru' })]) {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  }
});
