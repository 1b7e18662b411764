import { expect, test } from 'vitest';
import { VERSIONS } from '../core/versions.ts';
import { requireOrt } from './ort.ts';

test('an onnxruntime-web that Node finds is taken from the lowest known version on', () => {
  for (const version of ['1.22.0', '1.24.3', VERSIONS.onnxruntime, undefined]) {
    expect(() => requireOrt(version)).not.toThrow();
  }
  for (const version of ['1.21.1', '2.0.0', '1.31.0-dev.1', '']) {
    const details = { installed: version, needed: '>=1.22.0 <2.0.0' };
    expect(() => requireOrt(version)).toThrow(expect.objectContaining({ code: 'backend-unavailable', details }));
  }
});
