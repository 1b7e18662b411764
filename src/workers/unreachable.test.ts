import { describe, expect, test } from 'vitest';
import { cureFor, unreachable } from './unreachable.ts';

const page = 'https://page.test/assets/index.js';

describe('a worker that did not start', () => {
  test('names why, where, and what to do', () => {
    const cause = new Error('no');
    const error = unreachable('the script could not be loaded', 'https://page.test/worker.js', cause);
    expect(error).toMatchObject({
      code: 'worker-unreachable',
      details: { why: 'the script could not be loaded', address: 'https://page.test/worker.js' },
      cause,
    });
    expect(error.message).toContain(
      'did not start: the script could not be loaded. Tried: https://page.test/worker.js.',
    );
    expect(error.message).toContain("configure({ assets: '/limbeck/' })");
  });

  test('says nothing of an address that cannot be seen', () => {
    const error = unreachable('it did not answer', undefined);
    expect(error.message).not.toContain('Tried');
    expect(error.details).toEqual({ why: 'it did not answer' });
  });

  test.each([
    ['http://localhost:5173/node_modules/.vite/deps/worker.js', page, 'optimizeDeps'],
    ['', 'http://localhost:5173/node_modules/.vite/deps/limbeck.js?v=1', 'optimizeDeps'],
    ['https://page.test/_next/static/media/worker.1.js', page, 'Next.js'],
    ['file:///site/node_modules/limbeck/dist/worker.js', page, 'the machine that built the page'],
    ['https://page.test/assets/worker.js', page, 'npx limbeck assets'],
  ])('%s started from %s: %s', (worker, module, words) => {
    expect(cureFor(worker, module)).toContain(words);
  });
});
