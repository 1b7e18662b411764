import { afterEach, describe, expect, test } from 'vitest';
import { configure, configuredAssets, configuredWorker } from './configure.ts';

const PAGE = 'https://page.test/app/index.html';
const within = (href: string | undefined, use: () => void) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'location');
  Object.defineProperty(globalThis, 'location', { value: href && { href }, configurable: true });
  try {
    use();
  } finally {
    if (before) Object.defineProperty(globalThis, 'location', before);
    else Reflect.deleteProperty(globalThis, 'location');
  }
};

afterEach(() => configure({ worker: undefined, runWorker: undefined, assets: undefined }));

describe('configure', () => {
  test('without it everything lies beside the code', () => {
    expect([configuredAssets(), configuredWorker('worker'), configuredWorker('runWorker')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a folder has the workers too; addresses are those of the page', () => {
    within(PAGE, () => configure({ assets: 'limbeck' }));
    expect(configuredAssets()).toBe('https://page.test/app/limbeck/');
    expect(configuredWorker('worker')).toBe('https://page.test/app/limbeck/worker.js');
    expect(configuredWorker('runWorker')).toBe('https://page.test/app/limbeck/runWorker.js');
  });

  test('a worker of its own wins over the folder; what is left out stays, undefined takes back', () => {
    const make = () => ({}) as Worker;
    within(PAGE, () => {
      configure({ assets: new URL('https://page.test/files/') });
      configure({ worker: make, runWorker: '/run.js' });
    });
    expect([configuredWorker('worker'), configuredWorker('runWorker')]).toEqual([make, 'https://page.test/run.js']);
    configure({ worker: undefined });
    expect(configuredWorker('worker')).toBe('https://page.test/files/worker.js');
    expect(configuredWorker('runWorker')).toBe('https://page.test/run.js');
  });

  test.each([
    [{ workers: '/x.js' }, 'configure has no option "workers"'],
    [{ worker: 3 }, 'an address, or a function that makes a worker'],
    [{ worker: '' }, 'an address, or a function that makes a worker'],
    [{ assets: () => undefined }, 'must be an address'],
    [null, 'an object of options'],
  ])('%j is refused, and changes nothing', (options, words) => {
    within(PAGE, () => {
      configure({ assets: '/limbeck/' });
      expect(() => configure(options as never)).toThrow(
        expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(words) }),
      );
    });
    expect(configuredAssets()).toBe('https://page.test/limbeck/');
  });

  test('outside a page an address is whole', () => {
    within(undefined, () => {
      expect(() => configure({ assets: 'limbeck' })).toThrow('file:///');
      configure({ assets: 'file:///srv/limbeck' });
    });
    expect(configuredAssets()).toBe('file:///srv/limbeck/');
  });
});
