import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** An engine with Trusted Types that lets a worker start from nothing else. */
class TrustedUrl {
  constructor(private readonly url: string) {}
  toString() {
    return this.url;
  }
}
class StrictWorker {
  readonly script: string;
  constructor(script: unknown) {
    if (!(script instanceof TrustedUrl)) throw new TypeError('This document requires TrustedScriptURL.');
    this.script = String(script);
  }
}
const createPolicy = vi.fn((_name: string, rules: { createScriptURL(url: string): string }) => ({
  createScriptURL: (url: string) => new TrustedUrl(rules.createScriptURL(url)),
}));

let scripts: typeof import('./trustedScripts.ts');
beforeEach(async () => {
  vi.resetModules();
  createPolicy.mockClear();
  vi.stubGlobal('trustedTypes', { createPolicy });
  vi.stubGlobal('Worker', StrictWorker);
  scripts = await import('./trustedScripts.ts');
});
afterEach(() => vi.unstubAllGlobals());

const started = (url: string) => (new Worker(url) as unknown as StrictWorker).script;

test('one policy is made, when it is first needed, by the documented name', () => {
  expect(createPolicy).not.toHaveBeenCalled();
  expect(started(scripts.trustedScript('/worker.js'))).toBe('/worker.js');
  expect(started(scripts.trustedScript('/threads.js'))).toBe('/threads.js');
  expect(createPolicy.mock.calls.map(([name]) => name)).toEqual(['limbeck']);
});

test('an engine without Trusted Types gets the address as it is', async () => {
  vi.stubGlobal('trustedTypes', undefined);
  expect(scripts.trustedScript('/worker.js')).toBe('/worker.js');
  expect(
    scripts.vouchingFor(
      () => true,
      () => Worker,
    ),
  ).toBe(StrictWorker);
});

test('a page that allows other policies only gets the address as it is, once', () => {
  createPolicy.mockImplementationOnce(() => {
    throw new TypeError('Policy "limbeck" disallowed.');
  });
  expect(scripts.trustedScript('/worker.js')).toBe('/worker.js');
  expect(scripts.trustedScript('/worker.js')).toBe('/worker.js');
  expect(createPolicy).toHaveBeenCalledTimes(1);
});

test('code that makes a worker itself is vouched for while it does, and nobody else is', () => {
  const { vouchingFor } = scripts;
  expect(
    vouchingFor(
      (url) => url === '/own.js',
      () => started('/own.js'),
    ),
  ).toBe('/own.js');
  expect(() =>
    vouchingFor(
      (url) => url === '/own.js',
      () => started('/other.js'),
    ),
  ).toThrow(TypeError);
  expect(() => started('/own.js')).toThrow(TypeError);
  expect(Worker).toBe(StrictWorker);
});

test('an object that tells another address when it is asked again is not vouched for at that', () => {
  const answers = ['/own.js', '/other.js'];
  const changing = { toString: () => answers.shift() ?? '/other.js' };
  const make = () => (new Worker(changing as unknown as string) as unknown as StrictWorker).script;
  expect(scripts.vouchingFor((url) => url === '/own.js', make)).toBe('/own.js');
});

test('two libraries that start at the same time are told apart, and nothing stays behind', async () => {
  const { vouchingFor } = scripts;
  const ends: (() => void)[] = [];
  const start = (url: string) =>
    vouchingFor(
      (asked) => asked === url,
      () => new Promise<void>((resolve) => ends.push(resolve)),
    );
  const starts = [start('/a.js'), start('/b.js')];
  expect([started('/a.js'), started('/b.js')]).toEqual(['/a.js', '/b.js']);
  ends[0]?.();
  await starts[0];
  expect(() => started('/a.js')).toThrow(TypeError);
  expect(started('/b.js')).toBe('/b.js');
  ends[1]?.();
  await starts[1];
  expect(Worker).toBe(StrictWorker);
  await expect(
    vouchingFor(
      () => true,
      () => Promise.reject(new Error('no')),
    ),
  ).rejects.toThrow('no');
  expect(Worker).toBe(StrictWorker);
});
