import { describe, expect, test } from 'vitest';
import { abortError, isAbortError, LimbeckError, messageOf, throwIfAborted, untilAborted } from './errors.ts';

describe('LimbeckError', () => {
  test('carries code, details and cause, and is an Error', () => {
    const cause = new Error('no space');
    const error = new LimbeckError('store-full', 'Full.', { details: { bytes: 12 }, cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'LimbeckError', code: 'store-full', message: 'Full.', details: { bytes: 12 } });
    expect(error.cause).toBe(cause);
    expect(error.stack).toContain('Full.');
  });

  test('has empty details and no cause where none are given', () => {
    const error = new LimbeckError('disposed', 'Gone.');
    expect(error.details).toEqual({});
    expect('cause' in error).toBe(false);
  });

  test('says where its page is: in the package, or where a site has it', () => {
    const inPackage = LimbeckError.helpBase;
    try {
      expect(new LimbeckError('disposed', 'Gone.').help).toBe('limbeck/docs/help/errors.md#disposed');
      LimbeckError.helpBase = '/docs/help/errors.html#';
      expect(new LimbeckError('disposed', 'Gone.').help).toBe('/docs/help/errors.html#disposed');
    } finally {
      LimbeckError.helpBase = inPackage;
    }
  });

  test('is whole in JSON', () => {
    expect(JSON.parse(JSON.stringify(new LimbeckError('store-full', 'Full.', { details: { bytes: 12 } })))).toEqual({
      name: 'LimbeckError',
      code: 'store-full',
      message: 'Full.',
      help: 'limbeck/docs/help/errors.md#store-full',
      details: { bytes: 12 },
    });
  });
});

describe('an AbortError', () => {
  test('is what the platform throws', () => {
    expect(abortError()).toBeInstanceOf(DOMException);
    expect(abortError().name).toBe('AbortError');
    expect(isAbortError(abortError())).toBe(true);
    expect(isAbortError(AbortSignal.abort().reason)).toBe(true);
  });

  test('names a reason that is an error, and not that of abort() itself', () => {
    expect(abortError(new Error('too slow')).message).toBe('The run was cancelled: too slow.');
    expect(abortError(AbortSignal.abort().reason).message).toBe('The run was cancelled.');
    expect(abortError('a word').message).toBe('The run was cancelled.');
  });

  test.each([
    [new Error('a')],
    [new LimbeckError('internal', 'a')],
    ['AbortError'],
    [undefined],
    [{ name: 'AbortError' }],
  ])('is not %s', (value) => expect(isAbortError(value)).toBe(false));

  test('is thrown for an aborted signal only', () => {
    expect(() => throwIfAborted(undefined)).not.toThrow();
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow();
    expect(() => throwIfAborted(AbortSignal.abort(new Error('enough')))).toThrow('The run was cancelled: enough.');
  });
});

test.each([
  [new Error('a sentence'), 'a sentence'],
  ['a word', 'a word'],
  [undefined, 'undefined'],
  [404, '404'],
])('the sentence of %s', (thrown, sentence) => expect(messageOf(thrown)).toBe(sentence));

describe('untilAborted', () => {
  const never = new Promise<never>(() => undefined);

  test('gives what the work gives, its errors too', async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(untilAborted(Promise.resolve(7), undefined)).resolves.toBe(7);
    await expect(untilAborted(Promise.reject(new RangeError('too far')), signal)).rejects.toThrow('too far');
  });

  test('does not wait for work that goes on, also where the signal spoke before', async () => {
    const controller = new AbortController();
    const waiting = untilAborted(never, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', message: 'The run was cancelled: enough.' });
    await expect(untilAborted(never, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
