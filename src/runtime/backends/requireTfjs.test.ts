import { expect, test } from 'vitest';
import { VERSIONS } from '../../core/versions.ts';
import * as tf from '../tf.ts';
import { requireTfjs } from './wasm.ts';

test('the tfjs that is installed is the one whose WebAssembly is in the package', () => {
  expect(tf.versionWasm).toBe(VERSIONS.tfjs);
  for (const version of [VERSIONS.tfjs, '4.11.0', '4.17.0']) expect(() => requireTfjs(version)).not.toThrow();
});

test.each(['4.10.0', '4.23.0', '5.0.0'])('%s is refused with what to install', (version) => {
  expect(() => requireTfjs(version)).toThrow(
    expect.objectContaining({
      code: 'backend-unavailable',
      message: expect.stringContaining('npm install --save-exact @tensorflow/tfjs-backend-wasm@4.22.0'),
      details: { installed: version, needed: '>=4.11.0 <4.23.0' },
    }),
  );
});
