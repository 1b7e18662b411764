// Imported first: tfjs-core's specs call jasmine's globals while they load.
import jasmineRequire from 'jasmine-core/lib/jasmine-core/jasmine.js';

/** tfjs-core's own limit for one spec. */
const SPEC_MS = 20_000;

const jasmine = jasmineRequire.core(jasmineRequire);
jasmine.DEFAULT_TIMEOUT_INTERVAL = SPEC_MS;
export const jasmineEnv = jasmine.getEnv();
Object.assign(globalThis, { jasmine }, jasmineRequire.interface(jasmine, jasmineEnv));

// Statistical specs draw from Math.random; the same numbers every time make them pass or fail every time.
let state = 1;
Math.random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let bits = Math.imul(state ^ (state >>> 15), state | 1);
  bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
  return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
};
