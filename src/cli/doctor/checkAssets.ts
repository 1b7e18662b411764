import { messageOf } from '../../core/errors.ts';
import { bytes as bytesText, countOf } from '../../core/figures.ts';
import { type Answer, fetchCarefully } from './fetchCarefully.ts';
import type { NamedAsset } from './findAssets.ts';
import { change, type Finding, note, ok } from './finding.ts';
import { checkIsolation, checkPolicies, policiesOf } from './policy.ts';

const MOST_BYTES = 64e6;
/** What is smaller gains little by compression. */
const WORTH_PACKING = 50_000;
const MAGIC = [0x00, 0x61, 0x73, 0x6d] as const;
/** These a bundler copies as they are, so their bytes say which version they are of. */
const COPIED = /\.(wasm|mjs)$/;
const HASHED = /[-.][\w-]{6,16}\.(wasm|m?js)$/;

/** The files of this package, to compare with; undefined for one that is not there. */
export type OwnFile = (name: string) => Promise<Uint8Array | undefined>;

/** Needed where a teacher or a student computes on a GPU. */
const OF_GPU = /webgpu|asyncify/;

/** Asks for each file, and judges type, bytes, caching and compression. */
export async function checkAssets(
  assets: readonly NamedAsset[],
  isIsolated: boolean,
  { own, signal, onFile }: { own: OwnFile; signal: AbortSignal; onFile: (done: number, name: string) => void },
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const good: Answer[] = [];
  for (const [i, { name, urls, isAddressed }] of assets.entries()) {
    onFile(i, name);
    const answer = await firstAnswer(urls, signal);
    if (typeof answer === 'string') {
      if (!isAddressed) continue;
      findings.push(
        OF_GPU.test(name)
          ? note('files', `${name}: ${answer}; it is needed for a GPU only`, 'assets')
          : change('files', `${name}: ${answer}`, 'assets'),
      );
      continue;
    }
    const wrong = await wrongWith(name, answer, own);
    if (wrong === undefined) good.push(answer);
    else findings.push(wrong);
    if (/^(worker|runWorker)\.js$/.test(name)) findings.push(...ofWorker(answer, isIsolated));
  }
  if (good.length > 0)
    findings.unshift(ok('files', `${countOf(good.length, 'file')} of limbeck found, with the right types`));
  return [...findings, ...caching(good), ...compression(good)];
}

/** The first answer that is a file, else the first that is a page, else what is wrong in a few words. */
async function firstAnswer(urls: readonly URL[], signal: AbortSignal): Promise<Answer | string> {
  const said: string[] = [];
  let page: Answer | undefined;
  for (const url of urls) {
    try {
      const answer = await fetchCarefully(url, MOST_BYTES, signal);
      if (answer.status !== 200) said.push(`HTTP ${answer.status} at ${url.pathname}`);
      else if (!isPage(answer)) return answer;
      else page ??= answer;
    } catch (error) {
      signal.throwIfAborted();
      said.push(messageOf(error));
    }
  }
  return page ?? said[0] ?? 'no answer';
}

function isPage({ headers }: Answer): boolean {
  return /^text\/html/.test(headers.get('content-type') ?? '');
}

async function wrongWith(name: string, answer: Answer, own: OwnFile): Promise<Finding | undefined> {
  const { url, headers, bytes, isCut } = answer;
  const type = (headers.get('content-type') ?? 'no type').split(';')[0]?.trim() ?? '';
  const where = `${name} (${url.pathname})`;
  if (isPage(answer)) return change('files', `${where} is answered with a page: the file is not there`, 'assets');
  const wanted = name.endsWith('.wasm') ? /^application\/wasm$/ : /^(text|application)\/(java|ecma)script$/;
  if (!wanted.test(type)) {
    const needed = name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
    return change('MIME types', `${where} comes as ${type}; it must be ${needed}`, 'mime');
  }
  if (name.endsWith('.wasm') && MAGIC.some((byte, i) => bytes[i] !== byte)) {
    return change('files', `${where} is no WebAssembly`, 'assets');
  }
  const mine = COPIED.test(name) && !isCut ? await own(name) : undefined;
  if (mine !== undefined && Buffer.compare(mine, bytes) !== 0) {
    return change(
      'versions',
      `${where} has ${bytesText(bytes.length)} that are not this version's ${bytesText(mine.length)}: the files must all come from one version`,
      'assets',
    );
  }
  return undefined;
}

/** A worker follows its own script's headers. */
function ofWorker({ headers, url }: Answer, isIsolated: boolean): Finding[] {
  const policies = policiesOf(headers.get('content-security-policy'));
  const found = policies.length === 0 ? [] : checkPolicies(policies, url.origin, 'worker');
  if (isIsolated && !/require-corp|credentialless/.test(headers.get('cross-origin-embedder-policy') ?? '')) {
    const { cure = 'isolation' } = checkIsolation(headers);
    found.push(
      change(
        'isolation',
        `the page is isolated, and ${url.pathname} lacks Cross-Origin-Embedder-Policy: browsers refuse the worker`,
        cure,
      ),
    );
  }
  return found.filter(({ level }) => level !== 'ok');
}

function caching(answers: readonly Answer[]): Finding[] {
  const uncached = answers.filter(({ headers }) => {
    const control = headers.get('cache-control') ?? '';
    return /no-store/i.test(control) || (control === '' && !headers.has('etag') && !headers.has('last-modified'));
  });
  const stale = answers.filter(({ url, headers }) => {
    const [, seconds = '0'] = /max-age=(\d+)/i.exec(headers.get('cache-control') ?? '') ?? [];
    return !HASHED.test(url.pathname) && Number(seconds) > 86_400;
  });
  return [
    ...(uncached.length > 0
      ? [
          note(
            'caching',
            `${countOf(uncached.length, 'file')} cannot be cached, such as ${uncached[0]?.url.pathname}: they are fetched at every visit`,
            'caching',
          ),
        ]
      : []),
    ...(stale.length > 0
      ? [
          change(
            'caching',
            `${stale[0]?.url.pathname} has no hash in its name and is cached for more than a day: after an update old and new files meet`,
            'caching',
          ),
        ]
      : []),
    ...(answers.length > 0 && uncached.length + stale.length === 0 ? [ok('caching', 'files can be cached')] : []),
  ];
}

function compression(answers: readonly Answer[]): Finding[] {
  const large = answers.filter(
    ({ bytes, headers }) => bytes.length > WORTH_PACKING && headers.get('content-encoding') === null,
  );
  if (answers.length === 0) return [];
  if (large.length === 0) return [ok('compression', 'large files come compressed')];
  const total = large.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return [
    note(
      'compression',
      `${countOf(large.length, 'file')} of ${bytesText(total)} come uncompressed, such as ${large[0]?.url.pathname}`,
      'compression',
    ),
  ];
}
