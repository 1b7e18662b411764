import { describe, expect, test, vi } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { type AskFunction, type FromFunctionOptions, fromFunction } from './fromFunction.ts';

const array = (values: readonly number[], ...shape: number[]) => ({ data: Float32Array.from(values), shape });
const inputs: NamedArrays = { x: array([1, 2], 2, 1) };
const good: NamedArrays = { logits: array([1, 2, 3, 4], 2, 2) };

describe('ask', () => {
  test('gives what the function makes of the arrays', async () => {
    const ask = vi.fn((given: NamedArrays) => ({ logits: array([...(given['x']?.data ?? [])], 2, 1) }));
    const teacher = fromFunction(ask, { name: 'f' });
    expect(await teacher.ask(inputs)).toEqual({ logits: inputs['x'] });
    expect(ask).toHaveBeenCalledExactlyOnceWith(inputs, undefined);
  });

  test('calls it for one batch after the other', async () => {
    const waiting: (() => void)[] = [];
    const ask = vi.fn(() => new Promise<NamedArrays>((resolve) => waiting.push(() => resolve(good))));
    const teacher = fromFunction(ask, { name: 'f' });
    const answers = [teacher.ask(inputs), teacher.ask(inputs)];
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    waiting[0]?.();
    await answers[0];
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    waiting[1]?.();
    expect(await answers[1]).toEqual(good);
  });

  test('wraps what the function throws, and lets limbeck’s own errors through', async () => {
    const fault = new TypeError('x is undefined');
    const throwing = (error: unknown) => fromFunction(() => Promise.reject(error), { name: 'f' }).ask(inputs);
    await expect(throwing(fault)).rejects.toMatchObject({
      code: 'teacher-failed',
      message: 'The teacher "f" failed on a batch: x is undefined',
      cause: fault,
    });
    const own = new LimbeckError('unknown-input', 'There is none.');
    await expect(throwing(own)).rejects.toBe(own);
    // An abort that nobody asked for must not look like a cancelled run.
    const foreign = new DOMException('The user aborted a request.', 'AbortError');
    await expect(throwing(foreign)).rejects.toMatchObject({ code: 'teacher-failed', cause: foreign });
  });

  test('goes on after a batch that failed', async () => {
    const ask = vi.fn<AskFunction>().mockRejectedValueOnce(new Error('busy')).mockResolvedValue(good);
    const teacher = fromFunction(ask, { name: 'f' });
    await expect(teacher.ask(inputs)).rejects.toThrow('busy');
    expect(await teacher.ask(inputs)).toEqual(good);
    expect(teacher.usage?.()).toEqual({ calls: 1, computed: 2, found: 0 });
  });

  test('is cancelled at once, even where the function does not heed the signal', async () => {
    const controller = new AbortController();
    const ask = vi.fn<AskFunction>(() => new Promise(() => undefined));
    const teacher = fromFunction(ask, { name: 'f' });
    const answer = teacher.ask(inputs, controller.signal);
    await vi.waitFor(() => expect(ask).toHaveBeenCalledWith(inputs, controller.signal));
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toMatchObject({ name: 'AbortError', message: 'The run was cancelled: enough.' });
  });

  test('is not called for a signal that has ended, nor for one that ends while others wait', async () => {
    const waiting: (() => void)[] = [];
    const ask = vi.fn<AskFunction>(() => new Promise((resolve) => waiting.push(() => resolve(good))));
    const teacher = fromFunction(ask, { name: 'f' });
    await expect(teacher.ask(inputs, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(ask).not.toHaveBeenCalled();
    const first = teacher.ask(inputs);
    const controller = new AbortController();
    const second = teacher.ask(inputs, controller.signal);
    await vi.waitFor(() => expect(ask).toHaveBeenCalledOnce());
    controller.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    waiting[0]?.();
    await first;
    expect(ask).toHaveBeenCalledOnce();
  });

  test.each([
    { name: 'nothing', answer: undefined },
    { name: 'no output', answer: {} },
    { name: 'a plain array', answer: { logits: [[1, 2]] } },
    { name: 'values without a shape', answer: { logits: { data: new Float32Array(2) } } },
    { name: 'another batch', answer: { logits: array([1, 2], 1, 2) } },
    { name: 'a shape that its values do not fill', answer: { logits: array([1, 2, 3], 2, 2) } },
    { name: 'no output of a declared name', answer: { scores: array([1, 2], 2, 1) }, outputs: { logits: [null, 1] } },
    { name: 'an output of another shape than declared', answer: good, outputs: { logits: [null, 3] } },
  ])('refuses $name', async ({ answer, outputs }) => {
    const teacher = fromFunction((() => answer) as unknown as AskFunction, { name: 'f', outputs: outputs as never });
    await expect(teacher.ask(inputs)).rejects.toMatchObject({ name: 'LimbeckError', code: 'teacher-failed' });
    expect(teacher.usage?.()).toEqual({ calls: 0, computed: 0, found: 0 });
  });

  test('says what is not finite, and where', async () => {
    const teacher = fromFunction(() => ({ logits: array([1, Number.NaN], 2, 1) }), { name: 'f' });
    await expect(teacher.ask(inputs)).rejects.toMatchObject({
      code: 'not-finite',
      details: { name: 'logits', at: 1 },
    });
  });

  test('fails after it was disposed, twice', async () => {
    const teacher = fromFunction(() => good, { name: 'f' });
    await teacher[Symbol.asyncDispose]();
    await teacher[Symbol.asyncDispose]();
    await expect(teacher.ask(inputs)).rejects.toMatchObject({ code: 'disposed' });
  });
});

describe('what it says of itself', () => {
  test('is what it is told', () => {
    const shapes = { inputs: { x: [null, 1] }, outputs: { logits: [null, 2] } };
    const { description } = fromFunction(() => good, { name: 'f', batchSize: 4, device: 'webgpu', ...shapes });
    expect(description).toMatchObject({ name: 'f', bytes: 0, batchSize: 4, device: 'webgpu', notices: [], ...shapes });
    expect(fromFunction(() => good, { name: 'f' }).description).toMatchObject({ device: 'function', inputs: {} });
  });

  test('has an identity only where it has a version', () => {
    const identity = (options: FromFunctionOptions) => fromFunction(() => good, options).description.identity;
    expect(identity({ name: 'f' })).toBeUndefined();
    const known = [
      { name: 'f', version: '1' },
      { name: 'f', version: '2' },
      { name: 'g', version: '1' },
    ].map(identity);
    expect(known).not.toContain(undefined);
    expect(new Set(known).size).toBe(3);
    expect(identity({ name: 'f', version: '1', batchSize: 4 })).toBe(known[0]);
  });

  test('times as many passes as it is asked, after others that warm it up', async () => {
    const ask = vi.fn(() => good);
    const times = await fromFunction(ask, { name: 'f' }).timeMs(inputs, 3);
    expect(times).toHaveLength(3);
    for (const ms of times) expect(ms).toBeGreaterThanOrEqual(0);
    expect(ask.mock.calls.length).toBeGreaterThan(3);
  });

  test.each([
    { name: 'no function', make: () => fromFunction('f' as unknown as AskFunction, { name: 'f' }) },
    { name: 'no options', make: () => fromFunction(() => good, undefined as unknown as FromFunctionOptions) },
    { name: 'no name', make: () => fromFunction(() => good, {} as FromFunctionOptions) },
    { name: 'a misspelt option', make: () => fromFunction(() => good, { name: 'f', batch: 3 } as FromFunctionOptions) },
    { name: 'half a batch', make: () => fromFunction(() => good, { name: 'f', batchSize: 0.5 }) },
    { name: 'an empty version', make: () => fromFunction(() => good, { name: 'f', version: '' }) },
    { name: 'another device', make: () => fromFunction(() => good, { name: 'f', device: 'cloud' as 'wasm' }) },
  ])('refuses $name', ({ make }) => {
    expect(make).toThrow(expect.objectContaining({ name: 'LimbeckError', code: 'invalid-option' }));
  });
});
