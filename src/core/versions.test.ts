import { readFileSync } from 'node:fs';
import satisfies from 'semver/functions/satisfies.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isWithin, ONNXRUNTIME_RANGE, rangeText, TFJS_RANGE, VERSIONS, versionsHere } from './versions.ts';

const { version, peerDependencies, devDependencies } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

afterEach(() => void vi.unstubAllGlobals());

describe('versions', () => {
  test('that compute here: what Node finds, and what limbeck carries', () => {
    const find = (name: string) => (name === 'onnxruntime-web' ? '1.22.0' : undefined);
    expect(versionsHere(find)).toEqual({ ...VERSIONS, onnxruntime: '1.22.0' });
    vi.stubGlobal('location', { href: 'https://page.test/' });
    expect(versionsHere(find)).toEqual(VERSIONS);
    vi.unstubAllGlobals();
    expect(versionsHere(() => undefined)).toEqual(VERSIONS);
  });

  test('those that reports name are those of package.json', () => {
    expect(VERSIONS.limbeck).toBe(version);
    const built = Object.keys(devDependencies).filter((name) => /^@tensorflow\/tfjs-(core|layers|backend)/.test(name));
    expect(built.length).toBeGreaterThan(3);
    for (const name of built) expect(devDependencies[name], name).toBe(VERSIONS.tfjs);
    expect(devDependencies['onnxruntime-web']).toBe(VERSIONS.onnxruntime);
  });

  test('the ranges of the peers are those that limbeck checks', () => {
    const {
      '@nats-io/transport-node': nats,
      'onnxruntime-web': web,
      'onnxruntime-node': node,
      ...tfjs
    } = peerDependencies;
    expect(satisfies(devDependencies['@nats-io/transport-node'], nats)).toBe(true);
    expect(web).toBe(rangeText(ONNXRUNTIME_RANGE));
    expect(node).toBe(VERSIONS.onnxruntime);
    expect(new Set(Object.values(tfjs))).toEqual(new Set([rangeText(TFJS_RANGE)]));
  });

  test('a version is judged as npm judges it', () => {
    const asked = [
      '4.10.9',
      '4.11.0',
      '4.17.3',
      '4.22.0',
      '4.22.9',
      '4.23.0',
      '4.23.0-rc.0',
      '4.22.0-rc.1',
      '5.0.0',
      '3.99.0',
    ];
    for (const one of asked) expect(isWithin(one, TFJS_RANGE), one).toBe(satisfies(one, rangeText(TFJS_RANGE)));
    for (const one of ['', '4', 'latest', '4.22', '4.22.0.1', '4.22.x'])
      expect(isWithin(one, TFJS_RANGE), one).toBe(false);
  });
});
