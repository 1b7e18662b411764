import { afterEach, expect, test, vi } from 'vitest';
import { sha256 } from './hash.ts';

afterEach(() => vi.unstubAllGlobals());

// The examples of FIPS 180-2, appendix B.
const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test.each(['with the platform', 'without it, as on an insecure page'])('%s it is SHA-256', async (where) => {
  if (where !== 'with the platform') vi.stubGlobal('crypto', {});
  expect(await sha256(new TextEncoder().encode('abc'))).toBe(abc);
  expect(await sha256(new Uint8Array())).toBe(empty);
  const shared = new Uint8Array(new SharedArrayBuffer(3));
  shared.set(new TextEncoder().encode('abc'));
  expect(await sha256(shared)).toBe(abc);
});
