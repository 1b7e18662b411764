import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { type ReadOutputs, readOutputs, requireRows, sumOverTime } from './read.ts';

const array = (values: readonly number[], ...shape: number[]) => ({ data: Float32Array.from(values), shape });

describe('sumOverTime', () => {
  // [B, T, C] with B = 2, T = 2, C = 3.
  const output = array([0.5, 0.25, 0.25, 0.1, 0.2, 0.7, 0, 0, 1, 0, 0.5, 0.5], 2, 2, 3);

  test('adds the chosen classes over time, in the order given, and takes the logarithm', () => {
    const { logits } = sumOverTime({ classes: [2, 0] })({ y: output });
    expect(logits?.shape).toEqual([2, 2]);
    for (const [i, sum] of [0.95, 0.6, 1.5].entries()) expect(logits?.data[i]).toBeCloseTo(Math.log(sum), 6);
  });

  test('keeps a class without any probability finite', () => {
    const { logits } = sumOverTime({ classes: [0] })({ y: output });
    expect(logits?.data[1]).toBeCloseTo(Math.log(1e-7), 5);
  });

  test('reads the output it is told, else the first', () => {
    const outputs = { first: array([1], 1, 1, 1), second: array([0.5], 1, 1, 1) };
    expect(sumOverTime({ classes: [0] })(outputs)['logits']?.data[0]).toBe(0);
    expect(sumOverTime({ classes: [0], output: 'second' })(outputs)['logits']?.data[0]).toBeCloseTo(Math.log(0.5), 6);
  });

  test('keeps what it is told, as it is', () => {
    const tap = array([1, 2, 3, 4], 2, 2);
    const read = sumOverTime({ classes: [2, 0], output: 'y', keep: ['tap'] });
    expect(Object.keys(read({ y: output, tap, other: tap })).sort()).toEqual(['logits', 'tap']);
    expect(read({ y: output, tap })['tap']).toBe(tap);
    expect(read.spec?.options.keep).toEqual(['tap']);
    expect(() => read({ y: output })).toThrow(expect.objectContaining({ code: 'unknown-output' }));
  });

  test.each([
    { name: 'no class', run: () => sumOverTime({ classes: [] }), code: 'invalid-option' },
    { name: 'a class of −1', run: () => sumOverTime({ classes: [-1] }), code: 'invalid-option' },
    { name: 'a class of 0.5', run: () => sumOverTime({ classes: [0.5] }), code: 'invalid-option' },
    {
      name: 'an output that is not there',
      run: () => sumOverTime({ classes: [0], output: 'z' })({ y: output }),
      code: 'unknown-output',
    },
    {
      name: 'a class beyond the model’s',
      run: () => sumOverTime({ classes: [0, 3] })({ y: output }),
      code: 'shape-mismatch',
    },
    {
      name: 'an output without time',
      run: () => sumOverTime({ classes: [0] })({ y: array([1, 2], 1, 2) }),
      code: 'shape-mismatch',
    },
  ])('refuses $name', ({ run, code }) => expect(run).toThrow(expect.objectContaining({ code })));
});

describe('requireRows', () => {
  test('names the first output that has not one row an example', () => {
    const y = array([1, 2], 2);
    expect(() => requireRows({ y }, 2)).not.toThrow();
    for (const other of [array([1], ...[]), array([1, 2, 3], 3)]) {
      expect(() => requireRows({ y, other }, 2)).toThrow(
        expect.objectContaining({
          code: 'shape-mismatch',
          message: expect.stringMatching(/"other" was \[3?\] for a batch of 2/),
        }),
      );
    }
  });
});

describe('readOutputs', () => {
  const outputs: NamedArrays = { y: array([1, 2, 3, 4], 2, 2) };
  const reading = (result: unknown) => () => readOutputs((() => result) as ReadOutputs, outputs, 2);

  test('gives what "read" makes of the outputs', () => {
    const result = readOutputs(({ y }) => ({ logits: y as NdArray }), outputs, 2);
    expect(result).toEqual({ logits: outputs['y'] });
  });

  test.each([
    { name: 'nothing', result: undefined },
    { name: 'null', result: null },
    { name: 'no output', result: {} },
    { name: 'a plain array', result: { logits: [1, 2] } },
    { name: 'an output that is undefined', result: { logits: undefined } },
    { name: 'values without a shape', result: { logits: { data: new Float32Array(2) } } },
    { name: 'another batch', result: { logits: array([1, 2], 1, 2) } },
    { name: 'a shape without a batch', result: { logits: array([1], ...[]) } },
    { name: 'too few values for the shape', result: { logits: array([1, 2, 3], 2, 2) } },
    { name: 'too many values for the shape', result: { logits: array([1, 2, 3], 2, 1) } },
  ])('refuses $name', ({ result }) => {
    expect(reading(result)).toThrow(LimbeckError);
    expect(reading(result)).toThrow(expect.objectContaining({ code: 'read-failed' }));
  });

  test('says which output fails and what is needed', () => {
    expect(reading({ logits: array([1, 2], 1, 2) })).toThrow(
      'The teacher\'s "read" gave "logits" with the shape [1, 2] and 2 values; it must give arrays { data, shape } ' +
        'whose values fill the shape and whose first dimension is the batch, 2 here.',
    );
  });

  test('finds values that are not finite, wherever they stand', () => {
    expect(reading({ fine: array([1, 2], 2), logits: array([1, 2, Number.NaN, 4], 2, 2) })).toThrow(
      expect.objectContaining({ code: 'not-finite', details: { name: 'logits', at: 2 } }),
    );
  });

  test('wraps what "read" throws, and lets limbeck’s own errors through', () => {
    const fault = new TypeError('y is undefined');
    const throwing = (error: Error) => () =>
      readOutputs(
        () => {
          throw error;
        },
        outputs,
        2,
      );
    expect(throwing(fault)).toThrow(
      expect.objectContaining({
        code: 'read-failed',
        message: 'The teacher\'s "read" threw: y is undefined',
        cause: fault,
      }),
    );
    const own = new LimbeckError('unknown-output', 'There is none.');
    expect(throwing(own)).toThrow(own);
  });
});
