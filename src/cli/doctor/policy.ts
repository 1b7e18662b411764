import { change, type Finding, note, ok } from './finding.ts';

/** A content security policy: directives and their words. */
type Policy = ReadonlyMap<string, readonly string[]>;

/** The policies of an answer: of its header, which may hold several, and of a page's <meta>. All of them apply. */
export function policiesOf(header: string | null, html = ''): Policy[] {
  const metas = [...html.matchAll(/<meta\b[^>]{0,4000}>/gi)]
    .map(([tag]) => tag)
    .filter((tag) => /http-equiv\s*=\s*["']?content-security-policy["'\s/>]/i.test(tag))
    .map((tag) => /\bcontent\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(tag))
    .map((found) => found?.[1] ?? found?.[2] ?? '');
  return [...(header ?? '').split(','), ...metas].filter((text) => text.trim() !== '').map(parse);
}

function parse(text: string): Policy {
  const directives = new Map<string, readonly string[]>();
  for (const one of text.split(';')) {
    const [name = '', ...words] = one.trim().split(/\s+/);
    // Of a directive that is there twice the first counts.
    if (name !== '' && !directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), words.map(plain));
  }
  return directives;
}

/** Keywords are read in any case; a nonce and a path are not. */
function plain(word: string): string {
  return /^'[a-z-]+'$/i.test(word) ? word.toLowerCase() : word;
}

function wordsOf(policy: Policy, ...names: readonly string[]): readonly string[] | undefined {
  const name = names.find((one) => policy.has(one));
  return name === undefined ? undefined : policy.get(name);
}

/** Whether a policy's words allow files of the page's own origin. */
function allowsOwn(words: readonly string[] | undefined, origin: string): boolean {
  return (
    words === undefined ||
    words.some((word) => [`'self'`, '*', 'http:', 'https:'].includes(word) || word.startsWith(origin))
  );
}

/** What the policies of a page, or of a worker's script, forbid of what limbeck needs. */
export function checkPolicies(policies: readonly Policy[], origin: string, what: 'page' | 'worker'): Finding[] {
  if (policies.length === 0) return [ok('CSP', `the ${what} has none, so it forbids nothing`)];
  const findings: Finding[] = [];
  for (const policy of policies) {
    const scripts = wordsOf(policy, 'script-src', 'default-src');
    if (scripts !== undefined && !scripts.some((word) => [`'wasm-unsafe-eval'`, `'unsafe-eval'`].includes(word))) {
      findings.push(
        change('CSP', `the ${what}'s script-src lacks 'wasm-unsafe-eval': WebAssembly cannot be compiled`, 'csp'),
      );
    }
    const workers = wordsOf(policy, 'worker-src', 'child-src', 'script-src', 'default-src');
    if (!allowsOwn(workers, origin) && !workers?.includes(`'strict-dynamic'`)) {
      findings.push(
        change('CSP', `the ${what}'s worker-src allows no script of its own origin: no worker starts`, 'csp'),
      );
    }
    if (!allowsOwn(wordsOf(policy, 'connect-src', 'default-src'), origin)) {
      findings.push(
        change(
          'CSP',
          `the ${what}'s connect-src does not allow its own origin: models and .wasm files cannot be fetched`,
          'csp',
        ),
      );
    }
    const sandbox = policy.get('sandbox');
    if (sandbox !== undefined && !sandbox.includes('allow-same-origin')) {
      findings.push(
        change(
          'CSP',
          `the ${what} is sandboxed without allow-same-origin: it has no origin, no storage and no workers`,
        ),
      );
    }
    findings.push(...checkTrustedTypes(policy, what));
  }
  return findings.some(({ level }) => level === 'change')
    ? findings
    : [...findings, ok('CSP', `the ${what}'s allows what is needed`)];
}

function checkTrustedTypes(policy: Policy, what: string): Finding[] {
  if (!policy.get('require-trusted-types-for')?.includes(`'script'`)) return [];
  const names = policy.get('trusted-types');
  if (names === undefined || names.includes('*') || names.includes('limbeck')) {
    return [ok('Trusted Types', `the ${what} requires them and allows the policy "limbeck"`)];
  }
  return [
    change(
      'Trusted Types',
      `the ${what} requires them, and its trusted-types does not name "limbeck"`,
      'trusted-types',
    ),
  ];
}

/** Whether the answer makes its page, or its worker, one that may use threads. */
export function checkIsolation(headers: Headers): Finding {
  const [opener, embedder] = ['cross-origin-opener-policy', 'cross-origin-embedder-policy'].map(
    (name) => headers.get(name)?.split(';')[0]?.trim().toLowerCase() ?? 'none',
  );
  const isIsolated = opener === 'same-origin' && (embedder === 'require-corp' || embedder === 'credentialless');
  if (isIsolated) return ok('isolation', `COOP ${opener}, COEP ${embedder}: several threads`);
  return note(
    'isolation',
    `COOP is ${opener}, COEP is ${embedder}: everything works on one thread. For several: same-origin and require-corp`,
    'isolation',
  );
}
