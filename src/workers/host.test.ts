import { describe, expect, test, vi } from 'vitest';
import { startHost } from './host.ts';
import { start, started } from './workerCases.ts';

describe('a worker that listens', () => {
  test('is called, and its errors keep their codes', async () => {
    const { host } = await started();
    await expect(host.call((remote) => remote.double(21))).resolves.toBe(42);
    await expect(host.call((remote) => remote.fail())).rejects.toMatchObject({
      code: 'not-finite',
      message: 'It became NaN.',
    });
    await expect(host.call((remote) => remote.double(1))).resolves.toBe(2);
  });

  test('may say other things before it greets', async () => {
    const { starting } = start((worker) => {
      worker.say(undefined);
      worker.say('ready');
      worker.say({ limbeck: 'starting' });
      worker.greet();
    });
    const host = await starting;
    await expect(host.call((remote) => remote.double(2))).resolves.toBe(4);
  });
});

describe('a worker that does not start', () => {
  test('because it cannot be made', async () => {
    const fault = new DOMException('refused by the policy', 'SecurityError');
    const starting = startHost(() => {
      throw fault;
    }, 'engine');
    await expect(starting).rejects.toMatchObject({
      code: 'worker-unreachable',
      message: expect.stringContaining('did not start: refused by the policy.'),
      cause: fault,
    });
  });

  test.each([
    ['SyntaxError: unexpected token', 'did not start: SyntaxError: unexpected token.'],
    ['', 'did not start: the script could not be loaded.'],
  ])('because its script fails with "%s"', async (message, sentence) => {
    const { worker, starting } = start((made) => made.throwError(message));
    await expect(starting).rejects.toMatchObject({
      code: 'worker-unreachable',
      message: expect.stringContaining(sentence),
    });
    expect(worker.isTerminated).toBe(true);
  });

  test('because it stays silent for 20 seconds', async () => {
    vi.useFakeTimers();
    const { worker, starting } = start(() => undefined);
    let outcome: unknown;
    starting.catch((error: unknown) => {
      outcome = error;
    });
    await vi.advanceTimersByTimeAsync(19_999);
    expect(outcome).toBeUndefined();
    expect(worker.isTerminated).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(outcome).toMatchObject({
      code: 'worker-unreachable',
      message: expect.stringContaining('it did not answer within 20 s'),
    });
    expect(worker.isTerminated).toBe(true);
  });

  test('because it is limbeck’s for something else', async () => {
    const { worker, starting } = start((made) => made.greet(undefined, ['run']));
    await expect(starting).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/has limbeck's run, and "engine" is needed.*dist\/worker\.js/),
      details: { needed: 'engine', given: ['run'] },
    });
    expect(worker.isTerminated).toBe(true);
    const { starting: right } = start((made) => made.greet(undefined, ['engine', 'onnx', 'tfjs']));
    await expect((await right).call((remote) => remote.double(2))).resolves.toBe(4);
  });

  test('leaves no timer where it did start', async () => {
    vi.useFakeTimers();
    const { starting } = start();
    await starting;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a worker that dies', () => {
  const death = { code: 'worker-died', message: expect.stringContaining('(out of memory)') };

  test('by an error ends the calls that wait, and is terminated', async () => {
    const { worker, host } = await started();
    const waiting = [host.call((remote) => remote.hang()), host.call((remote) => remote.hang())];
    worker.throwError('out of memory');
    for (const call of waiting) await expect(call).rejects.toMatchObject(death);
    await expect(host.died).resolves.toMatchObject(death);
    expect(worker.isTerminated).toBe(true);
  });

  test('refuses every later call with the same error', async () => {
    const { worker, host } = await started();
    worker.throwError('out of memory');
    const error = await host.died;
    await expect(host.call((remote) => remote.double(1))).rejects.toBe(error);
  });

  test('without a reason says so', async () => {
    const { worker, host } = await started();
    worker.throwError('');
    expect((await host.died).message).toContain('(no reason was given)');
  });

  test('by a message that cannot be read', async () => {
    const { worker, host } = await started();
    worker.dispatchEvent(new MessageEvent('messageerror'));
    await expect(host.died).resolves.toMatchObject({
      code: 'worker-died',
      details: { why: 'a message could not be read' },
    });
  });

  test('without a word is noticed by the lock that it held', async () => {
    let release: () => void = () => undefined;
    const request = vi.fn((_name: string, _options: LockOptions, got: () => void) => {
      release = got;
      return new Promise(() => undefined);
    });
    vi.stubGlobal('navigator', { locks: { request } });
    const { starting } = start((worker) => worker.greet('limbeck-worker-7'));
    const host = await starting;
    expect(request.mock.calls[0]?.[0]).toBe('limbeck-worker-7');
    const waiting = host.call((remote) => remote.hang());
    release();
    await expect(waiting).rejects.toMatchObject({
      code: 'worker-died',
      details: { why: 'it ended without a message' },
    });
  });
});

describe('a worker that is disposed', () => {
  test('ends, and the calls that wait are told', async () => {
    const { worker, host } = await started();
    const waiting = host.call((remote) => remote.hang());
    await host[Symbol.asyncDispose]();
    await expect(waiting).rejects.toMatchObject({
      code: 'disposed',
      message: 'The worker was disposed while it worked.',
    });
    expect(worker.isTerminated).toBe(true);
  });

  test('refuses to be called, and may be disposed again', async () => {
    const { host } = await started();
    await host[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
    await expect(host.call((remote) => remote.double(1))).rejects.toMatchObject({ code: 'disposed' });
  });

  test('did not die', async () => {
    const { host } = await started();
    await host[Symbol.asyncDispose]();
    const later = new Promise((resolve) => setTimeout(resolve, 10, 'still alive'));
    expect(await Promise.race([host.died, later])).toBe('still alive');
  });

  test('lets the wait for its lock go', async () => {
    let signal: AbortSignal | undefined;
    const request = (_name: string, options: LockOptions) => {
      signal = options.signal;
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal?.reason)));
    };
    vi.stubGlobal('navigator', { locks: { request } });
    const { starting } = start((worker) => worker.greet('limbeck-worker-8'));
    const host = await starting;
    expect(signal?.aborted).toBe(false);
    await host[Symbol.asyncDispose]();
    expect(signal?.aborted).toBe(true);
  });
});
