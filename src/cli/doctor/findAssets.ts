import { parseAddress } from '../../network/address.ts';
import { type Answer, fetchCarefully } from './fetchCarefully.ts';

/** A file of limbeck that a page's scripts name. */
export interface NamedAsset {
  /** What it is called in the package, such as kernels-simd.wasm; a bundler may have put a hash into its name. */
  readonly name: string;
  /** Where it may lie, the likeliest first. */
  readonly urls: readonly URL[];
  /** Whether an address of it stands there, with a path or a hash; a bare name may only be what the code calls it. */
  readonly isAddressed: boolean;
}

const MOST_SCRIPTS = 60;
const MOST_SCRIPT_BYTES = 8e6;
const MOST_TEXT_BYTES = 60e6;
/** Of one file. */
const MOST_PLACES = 6;

const ASSET =
  /["'`]((?:[\w./@~-]{0,200}\/)?(kernels-simd|kernels-relaxed|tfjs-backend-wasm-simd-shared|tfjs-backend-wasm-simd|tfjs-backend-wasm|ort-wasm-simd-threaded\.asyncify|ort-wasm-simd-threaded|ort\.wasm\.min|ort\.webgpu\.min|threads|worker|runWorker)([-.][\w-]{6,16})?\.(wasm|mjs|js))["'`]/g;
/** A build of tfjs that only a benchmark starts, from files that no bundler lays. */
const UNUSED: readonly unknown[] = ['-threaded-simd', '-threaded'];
const IMPORT = /(?:from|import|import\()\s*["'`]((?:\.{0,2}\/)?[\w./@~-]{1,200}\.m?js)["'`]/g;
const SCRIPT_TAG = /<(?:script|link)\b[^>]{0,2000}>/gi;

/**
 * Looks through a page's scripts of its own origin, and those that they import, for names of limbeck's files. What the page
 * gives is text to search, never run.
 */
export async function findAssets(
  html: string,
  page: URL,
  signal: AbortSignal,
): Promise<{ readonly assets: readonly NamedAsset[]; readonly scripts: number }> {
  const own = (address: string, base: URL) => {
    const url = parseAddress(address, base.href);
    return url?.origin === page.origin && /^https?:$/.test(url.protocol) ? url : undefined;
  };
  const waiting = scriptsIn(html).flatMap((address) => own(address, page) ?? []);
  const seen = new Set<string>();
  const found = new Map<string, { addressed: Set<string>; bare: Set<string> }>();
  let [scripts, read] = [0, 0];
  const search = (text: string, base: URL) => {
    for (const [, path = '', name = '', hash = '', ending = ''] of text.matchAll(ASSET)) {
      // A bundler's list may be relative to the page.
      const urls = [own(path, base), own(path, page)].flatMap((url) => url ?? []);
      if (UNUSED.includes(hash) || urls.length === 0) continue;
      const places = found.get(`${name}.${ending}`) ?? { addressed: new Set(), bare: new Set() };
      found.set(`${name}.${ending}`, places);
      for (const { href } of urls) (hash !== '' || path.includes('/') ? places.addressed : places.bare).add(href);
      if (/^(worker|runWorker)$/.test(name)) waiting.push(...urls);
    }
    for (const [, path = ''] of text.matchAll(IMPORT)) {
      // A bare name is for an import map, which is not followed.
      const url = /^\.{0,2}\//.test(path) ? own(path, base) : undefined;
      if (url !== undefined) waiting.push(url);
    }
  };
  search(html, page);
  for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
    if (seen.has(url.href) || scripts >= MOST_SCRIPTS || read > MOST_TEXT_BYTES) continue;
    seen.add(url.href);
    const answer = await fetchCarefully(url, MOST_SCRIPT_BYTES, signal).catch((): Answer | undefined => {
      signal.throwIfAborted();
      return undefined;
    });
    if (answer?.status !== 200 || /text\/html/.test(answer.headers.get('content-type') ?? '')) continue;
    scripts++;
    read += answer.bytes.length;
    search(new TextDecoder().decode(answer.bytes), url);
  }
  const assets = [...found].map(([name, { addressed, bare }]) => {
    const urls = [...addressed, ...bare].slice(0, MOST_PLACES).map((href) => new URL(href));
    return { name, urls, isAddressed: addressed.size > 0 };
  });
  return { assets, scripts };
}

/** Addresses of scripts and of modules that are loaded beforehand. */
function scriptsIn(html: string): string[] {
  return [...html.matchAll(SCRIPT_TAG)].flatMap(([tag]) => {
    const found = /\b(?:src|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i.exec(tag);
    const address = found?.[1] ?? found?.[2] ?? found?.[3];
    return address !== undefined && (/^<script/i.test(tag) || /modulepreload/i.test(tag)) ? [address] : [];
  });
}
