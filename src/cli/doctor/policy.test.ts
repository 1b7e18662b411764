import { expect, test } from 'vitest';
import { checkPolicies, policiesOf } from './policy.ts';

const changesOf = (policy: string, html = '') =>
  checkPolicies(policiesOf(policy, html), 'http://a.example', 'page').flatMap(({ level, says }) =>
    level === 'change' ? [says] : [],
  );

test.each([
  ["script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"],
  ["default-src 'self'; script-src 'self' 'WASM-unsafe-eval'"],
  ["script-src 'unsafe-eval' http://a.example/"],
  ["img-src 'none'"],
  [''],
])('%s allows what is needed', (policy) => expect(changesOf(policy)).toEqual([]));

test.each([
  ["script-src 'self'", /wasm-unsafe-eval/],
  ["default-src 'self'", /wasm-unsafe-eval/],
  ["script-src 'wasm-unsafe-eval' 'self'; worker-src blob:", /worker-src/],
  ["script-src 'wasm-unsafe-eval' 'self'; connect-src https://b.example", /connect-src/],
  ["require-trusted-types-for 'script'; trusted-types other", /does not name "limbeck"/],
  ['sandbox allow-scripts', /allow-same-origin/],
  // All policies of an answer apply.
  ["img-src *, script-src 'self'", /wasm-unsafe-eval/],
])('%s is told', (policy, message) => expect(changesOf(policy)).toContainEqual(expect.stringMatching(message)));

test("a page's <meta> counts too", () => {
  expect(changesOf('', `<meta content="script-src 'self'" http-equiv=Content-Security-Policy>`)).toHaveLength(1);
});
