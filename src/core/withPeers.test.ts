import { expect, test } from 'vitest';
import { LimbeckError } from './errors.ts';
import { withPeers } from './withPeers.ts';

const failing = (error: unknown) => withPeers(() => Promise.reject(error));

test.each([
  new TypeError("Failed to resolve module specifier '@tensorflow/tfjs-core'"),
  new TypeError('The specifier “@tensorflow/tfjs-core” was a bare specifier, but was not remapped to anything.'),
  new TypeError("Module name, '@tensorflow/tfjs-core' does not resolve to a valid URL."),
  Object.assign(new Error("Cannot find package '@tensorflow/tfjs-core' imported from dist/tf.js"), {
    code: 'ERR_MODULE_NOT_FOUND',
  }),
])('%s names the package to install', async (fault) => {
  await expect(failing(fault)).rejects.toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringContaining('npm install @tensorflow/tfjs-core@4.22.0;'),
    details: { package: '@tensorflow/tfjs-core' },
    cause: fault,
  });
});

test.each([
  "The requested module '/@fs/@tensorflow/tfjs-backend-wasm/a.js' does not provide an export named 'contents'",
  "The requested module 'http://localhost/@tensorflow/tfjs-backend-wasm/a.js' doesn't provide an export named: 'contents'",
])('%s names the setting of Vite', async (said) => {
  await expect(failing(new SyntaxError(said))).rejects.toMatchObject({
    code: 'backend-unavailable',
    message: expect.stringMatching(/optimizeDeps\.include/),
  });
});

test('what it loads is given, and other errors stay as they are', async () => {
  expect(await withPeers(async () => 3)).toBe(3);
  const other = new TypeError('x is not a function');
  await expect(failing(other)).rejects.toBe(other);
  const own = new LimbeckError('student-invalid', 'It names @tensorflow/tfjs-core.');
  await expect(failing(own)).rejects.toBe(own);
});
