import type { Console } from '../openConsole.ts';
import type { OwnFile } from './checkAssets.ts';
import { change, type Finding, note, ok, type Place } from './finding.ts';

const BUNDLERS = ['vite', 'next', 'webpack', 'rollup', 'esbuild', 'parcel'];
/** Folders that servers serve. */
const SERVED = ['public', 'static', 'dist', 'build', 'out', '.'];
const CONFIGS: Readonly<Record<'vite' | 'next', readonly string[]>> = {
  vite: ['vite.config.ts', 'vite.config.js', 'vite.config.mjs', 'vite.config.mts'],
  next: ['next.config.ts', 'next.config.js', 'next.config.mjs'],
};
/** What lies beside a worker. */
const BESIDE = [
  'kernels-simd.wasm',
  'kernels-relaxed.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'ort-wasm-simd-threaded.wasm',
  'ort-wasm-simd-threaded.mjs',
  'threads.js',
];
const MOST_COPIES = 200;

export interface FolderExamined {
  readonly findings: readonly Finding[];
  readonly place: Place | undefined;
}

interface Package {
  readonly version?: unknown;
  readonly dependencies?: Readonly<Record<string, unknown>>;
  readonly devDependencies?: Readonly<Record<string, unknown>>;
  readonly peerDependencies?: Readonly<Record<string, unknown>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: unknown } | undefined>>;
}

/** Looks at a project: its packages, its bundler and the files that it serves. */
export async function checkFolder(
  folder: string,
  { console, own }: { console: Console; own: OwnFile },
): Promise<FolderExamined> {
  const at = (path: string) => `${folder}/${path}`;
  const text = (path: string) =>
    console.readFile(at(path)).then(
      (bytes) => new TextDecoder().decode(bytes),
      () => undefined,
    );
  const json = async (path: string): Promise<Package | undefined> => {
    try {
      return JSON.parse((await text(path)) ?? 'null') ?? undefined;
    } catch {
      return undefined;
    }
  };
  const findings: Finding[] = [];
  const project = await json('package.json');
  if (project === undefined)
    findings.push(note('project', 'there is no package.json that can be read: only files are looked at'));
  const asked = { ...project?.dependencies, ...project?.devDependencies };
  findings.push(...(await checkPackages(json, Object.hasOwn(asked, 'limbeck'))));
  const copies = await copiesOf('@tensorflow/tfjs-core', folder, console);
  if (copies.length > 1) {
    findings.push(
      change(
        'packages',
        `tfjs-core is there ${copies.length} times (${copies.slice(0, 3).join(', ')}): their tensors do not know each other`,
        'peers',
      ),
    );
  }
  const bundlers = BUNDLERS.filter((name) => Object.hasOwn(asked, name));
  if (project !== undefined) {
    findings.push(ok('bundler', bundlers.length === 0 ? 'none that is known' : bundlers.join(', ')));
  }
  const configs = async (names: readonly string[]) => (await Promise.all(names.map(text))).join('\n');
  const headers = `${await configs([...CONFIGS.vite, ...CONFIGS.next, 'public/_headers', '_headers', 'netlify.toml', 'nginx.conf', 'vercel.json'])}`;
  findings.push(
    /cross-origin-embedder-policy/i.test(headers)
      ? ok('isolation', 'the headers for threads are set up')
      : note(
          'isolation',
          'no file here sets Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy: one thread',
          'isolation',
        ),
  );
  if (bundlers.includes('vite')) findings.push(...checkVite(await configs(CONFIGS.vite)));
  for (const served of SERVED) findings.push(...(await checkServed(at(served), served, console, own)));
  return { findings, place: placeOf(bundlers, headers, (await text('netlify.toml')) !== undefined) };
}

function checkVite(config: string): Finding[] {
  if (!/exclude[^\]]*limbeck/.test(config)) {
    return [change('bundler', "Vite's configuration does not leave limbeck as it is while developing", 'prebundle')];
  }
  if (/include[^}]*tfjs/.test(config)) return [];
  const says = "Vite's development server does not find tfjs for limbeck, where the page itself needs it";
  return [note('bundler', says, 'prebundle')];
}

async function checkPackages(
  json: (path: string) => Promise<Package | undefined>,
  isAsked: boolean,
): Promise<Finding[]> {
  const limbeck = await json('node_modules/limbeck/package.json');
  if (limbeck === undefined) {
    return isAsked
      ? [change('packages', 'limbeck is in package.json and not installed: run npm install')]
      : [note('packages', 'limbeck is not installed here')];
  }
  const findings = [ok('packages', `limbeck ${String(limbeck.version)}`)];
  const { default: satisfies } = await import('semver/functions/satisfies.js');
  for (const [name, range] of Object.entries(limbeck.peerDependencies ?? {})) {
    const version = (await json(`node_modules/${name}/package.json`))?.version;
    if (version === undefined && limbeck.peerDependenciesMeta?.[name]?.optional === true) continue;
    if (typeof version !== 'string')
      findings.push(change('packages', `${name} is missing; limbeck needs ${range}`, 'peers'));
    else if (!satisfies(version, String(range))) {
      findings.push(change('packages', `${name} is ${version}; limbeck needs ${range}`, 'peers'));
    } else findings.push(ok('packages', `${name} ${version}`));
  }
  return findings;
}

/** Where a package lies, below the project's own and the packages that brought another. */
async function copiesOf(name: string, folder: string, console: Console): Promise<string[]> {
  const found: string[] = [];
  const list = (path: string) => console.listFolder(path).catch(() => undefined);
  const modules = `${folder}/node_modules`;
  const top = (await list(modules)) ?? [];
  const scoped = await Promise.all(
    top
      .filter((one) => one.startsWith('@'))
      .map(async (scope) => ((await list(`${modules}/${scope}`)) ?? []).map((one) => scope + one)),
  );
  const all = [
    ...top.filter((one) => one.endsWith('/') && !/^[.@]/.test(one)),
    ...scoped.flat().filter((one) => one.endsWith('/')),
  ];
  const places = [modules, ...all.map((one) => `${modules}/${one}node_modules`)];
  for (const place of places) {
    if (found.length >= MOST_COPIES) break;
    if ((await list(`${place}/${name}`)) !== undefined) found.push(`${place}/${name}`.slice(folder.length + 1));
  }
  return found;
}

/** Of a folder that has limbeck's worker: are its files beside it, and of this version? */
async function checkServed(folder: string, shown: string, console: Console, own: OwnFile): Promise<Finding[]> {
  const list = (path: string) => console.listFolder(path).catch(() => undefined);
  const names = ((await list(folder)) ?? []).filter((name) => /^(limbeck|assets|vendor)\/$/.test(name));
  const inner = shown === '.' ? names.filter((name) => name !== 'assets/') : names;
  const findings: Finding[] = [];
  for (const place of ['', ...inner]) {
    const names = (await list(`${folder}/${place}`)) ?? [];
    const isLimbecks =
      names.includes('kernels-simd.wasm') && names.some((name) => /^(worker|runWorker)\.js$/.test(name));
    if (!isLimbecks) continue;
    const where = `${shown}/${place}`;
    const missing = BESIDE.filter((name) => !names.includes(name));
    const others: string[] = [];
    for (const name of BESIDE.filter((one) => names.includes(one))) {
      const mine = await own(name);
      const theirs = await console.readFile(`${folder}/${place}${name}`);
      if (mine !== undefined && Buffer.compare(mine, theirs) !== 0) others.push(name);
    }
    if (missing.length > 0)
      findings.push(change('files', `${where} has limbeck's worker without ${missing.join(', ')}`, 'assets'));
    if (others.length > 0)
      findings.push(change('versions', `${where} has another version of ${others.join(', ')}`, 'assets'));
    if (missing.length + others.length === 0)
      findings.push(ok('files', `${where} has limbeck's files of this version`));
  }
  return findings;
}

function placeOf(bundlers: readonly string[], headers: string, isNetlify: boolean): Place | undefined {
  if (isNetlify) return 'netlify';
  if (bundlers.includes('vite')) return 'vite';
  if (bundlers.includes('next')) return 'next';
  return /add_header/.test(headers) ? 'nginx' : undefined;
}
