import { describe, expect, test, vi } from 'vitest';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { runRecurrent } from './recurrent.ts';
import { checkRecurrent, type RecurrentOptions, sileroVad } from './recurrentOptions.ts';

const array = (values: readonly number[], ...shape: number[]) => ({ data: Float32Array.from(values), shape });
const plain = (result: NdArray | undefined) => ({ data: Array.from(result?.data ?? []), shape: result?.shape });

/** Adds all that it sees of each example to its state, and tells the sum: [B, frame] and [1, B] → [B, 1]. */
const summing = async ({ x, total }: NamedArrays): Promise<NamedArrays> => {
  const [batch = 0, length = 0] = x?.shape ?? [];
  const sums = Array.from({ length: batch }, (_, b) => {
    const frame = x?.data.subarray(b * length, (b + 1) * length) ?? [];
    return Array.from(frame).reduce((sum, value) => sum + value, total?.data[b] ?? Number.NaN);
  });
  return { sum: array(sums, batch, 1), totalN: array(sums, 1, batch) };
};
const shapes = { x: [null, null], total: [1, null] };
const options: RecurrentOptions = { sequence: 'x', frame: 2, state: { total: 'totalN' } };

describe('runRecurrent', () => {
  test('hands the state on from frame to frame, for each example its own', async () => {
    const x = array([1, 2, 3, 4, 10, 20, 30, 40], 2, 4);
    const { sum, ...others } = await runRecurrent(summing, { x }, options, shapes);
    expect(plain(sum)).toEqual({ data: [3, 10, 30, 100], shape: [2, 2, 1] });
    expect(others).toEqual({});
  });

  test('starts with the state that the data gives', async () => {
    const inputs = { x: array([1, 2], 1, 2), total: array([100], 1, 1) };
    expect(plain((await runRecurrent(summing, inputs, options, shapes))['sum']).data).toEqual([103]);
  });

  test('takes the only array, whatever its name', async () => {
    const { sum } = await runRecurrent(summing, { audio: array([1, 2], 1, 2) }, options, shapes);
    expect(plain(sum).data).toEqual([3]);
  });

  test.each([
    {
      remainder: 'pad',
      frames: [
        [1, 2],
        [3, 4],
        [5, 0],
      ],
    },
    {
      remainder: 'drop',
      frames: [
        [1, 2],
        [3, 4],
      ],
    },
  ] as const)('$remainder: what becomes of a frame that is not full', async ({ remainder, frames }) => {
    const run = vi.fn(summing);
    await runRecurrent(run, { x: array([1, 2, 3, 4, 5], 1, 5) }, { ...options, remainder }, shapes);
    expect(run.mock.calls.map(([{ x }]) => plain(x))).toEqual(frames.map((data) => ({ data, shape: [1, 2] })));
  });

  test('puts the end of the frame before in front of each frame', async () => {
    const run = vi.fn(summing);
    const x = array([1, 2, 3, 4, 5, 10, 20, 30, 40, 50], 2, 5);
    await runRecurrent(run, { x }, { ...options, context: 1 }, shapes);
    expect(run.mock.calls.map(([{ x: frame }]) => plain(frame))).toEqual([
      { data: [0, 1, 2, 0, 10, 20], shape: [2, 3] },
      { data: [2, 3, 4, 20, 30, 40], shape: [2, 3] },
      { data: [4, 5, 0, 40, 50, 0], shape: [2, 3] },
    ]);
  });

  test('a context longer than a frame reaches further back', async () => {
    const run = vi.fn(summing);
    await runRecurrent(run, { x: array([1, 2, 3], 1, 3) }, { ...options, frame: 1, context: 2 }, shapes);
    expect(run.mock.calls.map(([{ x }]) => plain(x).data)).toEqual([
      [0, 0, 1],
      [0, 1, 2],
      [1, 2, 3],
    ]);
  });

  test('walks steps of several numbers, of integers, and drops the time axis for a model without one', async () => {
    const run = vi.fn(async () => ({ y: array([0], 1, 1), n: array([0], 1, 1) }));
    const x = { data: Int32Array.of(1, 2, 3, 4), shape: [1, 2, 2] };
    await runRecurrent(run, { x }, { sequence: 'x', frame: 1, state: { s: 'n' } }, { x: [null, 2], s: [null, 1] });
    expect(run.mock.calls.map(([feeds]: NamedArrays[][]) => feeds)).toMatchObject([
      { x: { data: Int32Array.of(1, 2), shape: [1, 2] } },
      { x: { data: Int32Array.of(3, 4), shape: [1, 2] } },
    ]);
  });

  test('gives constants in the shapes that the model declares, and other inputs as they are', async () => {
    const run = vi.fn(summing);
    const inputs = { x: array([1, 2], 1, 2), speaker: array([7], 1, 1), unknown: array([8], 1, 1) };
    const declared = { ...shapes, speaker: [null, 1], sr: [], gain: [null] };
    await runRecurrent(run, inputs, { ...options, constants: { sr: 16_000, gain: 0.5 } }, declared);
    const [feeds] = run.mock.calls[0] as [NamedArrays];
    expect(Object.keys(feeds).sort()).toEqual(['gain', 'speaker', 'sr', 'total', 'x']);
    expect(feeds).toMatchObject({
      sr: { data: Int32Array.of(16_000), shape: [] },
      gain: { data: Float32Array.of(0.5), shape: [1] },
      speaker: inputs.speaker,
    });
  });

  test('collects the outputs that it is told, states among them', async () => {
    const swapped = async (feeds: NamedArrays) => {
      const { sum } = await summing(feeds);
      return { sum: sum as NdArray, totalN: { data: (sum as NdArray).data, shape: [1, 1] } };
    };
    const inputs = { x: array([1, 2, 3, 4], 1, 4) };
    const result = await runRecurrent(swapped, inputs, { ...options, outputs: ['totalN'] }, shapes);
    expect(Object.keys(result)).toEqual(['totalN']);
    expect(plain(result['totalN'])).toEqual({ data: [3, 10], shape: [1, 2, 1] });
  });

  test('leaves the arrays that it is given as they were', async () => {
    const x = array([1, 2, 3], 1, 3);
    await runRecurrent(summing, { x }, options, shapes);
    expect(plain(x)).toEqual({ data: [1, 2, 3], shape: [1, 3] });
  });

  const x = array([1, 2, 3, 4], 2, 2);
  const fault = (change: Partial<RecurrentOptions>, inputs: NamedArrays = { x }, declared: object = shapes) =>
    runRecurrent(summing, inputs, { ...options, ...change }, declared as typeof shapes);
  test.each([
    { name: 'a sequence that is not there', run: () => fault({}, { a: x, b: x }), code: 'unknown-input' },
    { name: 'a sequence without steps', run: () => fault({}, { x: array([], 2, 0) }), code: 'shape-mismatch' },
    { name: 'a sequence without time', run: () => fault({}, { x: array([1, 2], 2) }), code: 'shape-mismatch' },
    {
      name: 'less than a frame where the rest is dropped',
      run: () => fault({ frame: 3, remainder: 'drop' }),
      code: 'shape-mismatch',
    },
    {
      name: 'a state that the model does not have',
      run: () => fault({}, { x }, { x: [null, null] }),
      code: 'unknown-input',
    },
    {
      name: 'a state whose shape is open',
      run: () => fault({}, { x }, { ...shapes, total: [null, null] }),
      code: 'shape-mismatch',
    },
    { name: 'a state output that does not come', run: () => fault({ state: { total: 'z' } }), code: 'unknown-output' },
    { name: 'an output that does not come', run: () => fault({ outputs: ['z'] }), code: 'unknown-output' },
    { name: 'an output without a row an example', run: () => fault({ outputs: ['totalN'] }), code: 'shape-mismatch' },
  ])('refuses $name', async ({ run, code }) => {
    await expect(run()).rejects.toMatchObject({ name: 'LimbeckError', code });
  });

  test('an open state takes the shape that it is told', async () => {
    const { sum } = await fault({ stateShapes: { total: [1, null] } }, { x }, { ...shapes, total: [null, null] });
    expect(plain(sum).data).toEqual([3, 7]);
  });

  test('hands on what the model throws', async () => {
    const broken = () => Promise.reject(new Error('no memory'));
    await expect(runRecurrent(broken, { x }, options, shapes)).rejects.toThrow('no memory');
  });
});

describe('checkRecurrent', () => {
  test('takes the presets, which are plain values', () => {
    for (const version of ['v5', 'legacy'] as const) {
      const preset = sileroVad(version);
      expect(() => checkRecurrent(preset)).not.toThrow();
      expect(structuredClone(preset)).toEqual(preset);
    }
    expect(sileroVad()).toEqual(sileroVad('v5'));
    expect(() => sileroVad('v4' as 'v5')).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  test.each([
    { name: 'a misspelt option', change: { frames: 2 } },
    { name: 'no sequence', change: { sequence: '' } },
    { name: 'a frame of nothing', change: { frame: 0 } },
    { name: 'half a frame', change: { frame: 0.5 } },
    { name: 'a negative context', change: { context: -1 } },
    { name: 'no state', change: { state: {} } },
    { name: 'a constant that is no number', change: { constants: { sr: Number.NaN } } },
    { name: 'a shape of no state', change: { stateShapes: { h: [1, null] } } },
    { name: 'another remainder', change: { remainder: 'repeat' } },
  ])('refuses $name', ({ change }) => {
    expect(() => checkRecurrent({ ...options, ...change } as RecurrentOptions)).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});
