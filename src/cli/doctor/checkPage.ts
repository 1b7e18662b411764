import { shownAddress } from '../../network/address.ts';
import { checkAssets, type OwnFile } from './checkAssets.ts';
import { fetchCarefully, textOf } from './fetchCarefully.ts';
import { findAssets } from './findAssets.ts';
import { change, type Finding, note, ok, type Place } from './finding.ts';
import { checkIsolation, checkPolicies, policiesOf } from './policy.ts';

const MOST_PAGE_BYTES = 5e6;

export interface PageExamined {
  readonly findings: readonly Finding[];
  /** What serves it, where its answer says so. */
  readonly place: Place | undefined;
}

/** Looks at a page and at limbeck's files that its scripts name. Throws    read-failed · AbortError */
export async function checkPage(
  start: URL,
  work: { own: OwnFile; signal: AbortSignal; onFile: (done: number, total: number, name: string) => void },
): Promise<PageExamined> {
  const answer = await fetchCarefully(start, MOST_PAGE_BYTES, work.signal);
  const { url, status, headers, redirects } = answer;
  const html = textOf(answer);
  const findings: Finding[] = [];
  for (const [i, from] of redirects.entries()) {
    findings.push(note('redirect', `${from} → ${redirects[i + 1] ?? shownAddress(url.href)}`));
  }
  const type = headers.get('content-type') ?? 'no type';
  if (status !== 200) findings.push(change('page', `HTTP ${status}`));
  else if (!/text\/html|xhtml/.test(type))
    findings.push(change('page', `it comes as ${type}; a page is text/html`, 'mime'));
  else findings.push(ok('page', 'HTTP 200, text/html'));
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && !isLocal) {
    findings.push(
      change(
        'secure context',
        'http: is no secure context: no threads, no WebGPU, no encrypted profiles. Serve it by https',
      ),
    );
  }
  const isolation = checkIsolation(headers);
  findings.push(
    isolation,
    ...checkPolicies(policiesOf(headers.get('content-security-policy'), html), url.origin, 'page'),
  );
  const { assets, scripts } = await findAssets(html, url, work.signal);
  if (assets.length === 0) {
    findings.push(
      note(
        'files',
        `none of limbeck's files is named in the page and the ${scripts} scripts of its own that were read: give the page that uses limbeck`,
      ),
    );
  }
  const isIsolated = isolation.level === 'ok';
  const onFile = (done: number, name: string) => work.onFile(done, assets.length, name);
  findings.push(...(await checkAssets(assets, isIsolated, { ...work, onFile })));
  return { findings, place: placeOf(headers, html) };
}

function placeOf(headers: Headers, html: string): Place | undefined {
  const server = headers.get('server')?.toLowerCase() ?? '';
  if (html.includes('/@vite/client')) return 'vite';
  if (/next\.js/i.test(headers.get('x-powered-by') ?? '') || html.includes('/_next/static/')) return 'next';
  if (server.includes('netlify') || headers.has('x-nf-request-id')) return 'netlify';
  if (server.includes('github.com')) return 'pages';
  return server.includes('nginx') ? 'nginx' : undefined;
}
