import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VERSIONS } from './versions.ts';

test('the versions that reports name are those of package.json', () => {
  const { version, peerDependencies } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  expect(VERSIONS.limbeck).toBe(version);
  const tfjs = Object.entries(peerDependencies).filter(([name]) => name.startsWith('@tensorflow/'));
  expect(new Set(tfjs.map(([, exact]) => exact))).toEqual(new Set([VERSIONS.tfjs]));
  expect(peerDependencies['onnxruntime-web']).toBe(VERSIONS.onnxruntime);
});
