import { afterEach, expect, test, vi } from 'vitest';
import { smallDevice } from './smallDevice.ts';

afterEach(() => vi.unstubAllGlobals());

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15';
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36';

test.each([
  ['an iPhone', { userAgent: IPHONE, maxTouchPoints: 5 }, /^iOS/],
  ['an iPad, which says that it is a Mac', { userAgent: MAC, maxTouchPoints: 5 }, /^iOS/],
  ['a Mac', { userAgent: MAC, maxTouchPoints: 0 }, undefined],
  ['a phone with 2 GiB', { userAgent: CHROME, maxTouchPoints: 5, deviceMemory: 2 }, /2 GiB/],
  ['a laptop with 8 GiB', { userAgent: CHROME, maxTouchPoints: 10, deviceMemory: 8 }, undefined],
  ['a browser that does not tell', { userAgent: CHROME }, undefined],
  ['a place without a navigator', undefined, undefined],
])('%s', (_, navigator, expected) => {
  vi.stubGlobal('navigator', navigator);
  const told = smallDevice();
  if (expected === undefined) expect(told).toBeUndefined();
  else expect(told).toMatch(expected);
});
