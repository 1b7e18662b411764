import ts from 'typescript';
import {
  APART,
  COMMANDS,
  DOORS,
  ENTRIES,
  EXCEPTIONS,
  type Exception,
  FETCH_PLACES,
  INSIDERS,
  isTestMaterial,
  LAYERS,
  LAZY,
  NARROWER,
  NODE_PLACES,
  PAGE_NAMES,
  STORAGE_PLACES,
} from './layers.ts';
import type { Source } from './sources.ts';
import { type Import, importsOf, parse, walk } from './syntax.ts';

/** The folder of the table that a file of src lies in; entry files make up the folder "entry". */
export function folderOf(file: string): string {
  if ((ENTRIES as readonly string[]).includes(file)) return 'entry';
  const [top, folder = '', ...rest] = file.split('/');
  return top !== 'src' || rest.length === 0 ? file : folder;
}

function layerOf(folder: string): number {
  return LAYERS.findIndex(({ folders }) => (folders as readonly string[]).includes(folder));
}

/** Folders and files that layers.ts lists and that do not exist. A folder ends with a slash. */
export function absentOffences(sources: readonly Source[], listed: readonly string[] = LISTED): string[] {
  const isThere = (place: string) =>
    sources.some(({ file }) => (place.endsWith('/') ? file.startsWith(place) : file === place));
  return listed
    .filter((place) => !isThere(place))
    .map((place) => `scripts/house/layers.ts lists ${place}, which does not exist`);
}

/** Every folder and file that layers.ts names. */
const LISTED: readonly string[] = [
  ...LAYERS.flatMap(({ folders }) => folders.filter((folder) => folder !== 'entry').map((folder) => `src/${folder}/`)),
  ...DOORS.flatMap(({ places }) => places),
  ...STORAGE_PLACES,
  ...FETCH_PLACES,
  ...NODE_PLACES,
  ...LAZY,
  ...APART.flatMap(({ from, to }) => [from, to]),
  ...COMMANDS,
];

/** Imports that do not stay in their folder and do not point down; and down, but further than the folder needs. */
export function layerOffences(sources: readonly Source[], exceptions: readonly Exception[] = EXCEPTIONS): string[] {
  const used = new Set<Exception>();
  const offences = new Set<string>();
  for (const source of sources) {
    const from = folderOf(source.file);
    if (layerOf(from) < 0) offences.add(`"${from}" stands in no layer of scripts/house/layers.ts (${source.file})`);
    for (const one of importsOf(source)) {
      const to = one.target === undefined ? from : folderOf(one.target);
      const exception = exceptions.find((e) => e.from === one.file && e.to === one.target && e.kind === one.kind);
      if (exception !== undefined) used.add(exception);
      else if (to !== from) for (const offence of judge(from, to, one)) offences.add(offence);
    }
  }
  const stale = exceptions.filter((exception) => !used.has(exception));
  return [...offences, ...stale.map(({ from, to }) => `the exception ${from} → ${to} is used by nobody; delete it`)];
}

function judge(from: string, to: string, { file, kind, target = '' }: Import): string[] {
  if (!target.startsWith('src/')) return isTestMaterial(file) ? [] : [`${from} may not leave src (${file})`];
  const allowed = NARROWER[from];
  // Folders of one layer look at each other only where the table says so.
  const isBeside = layerOf(to) === layerOf(from) && allowed?.[to] !== undefined;
  if (layerOf(to) >= layerOf(from) && !isBeside) return [`${from} may not import ${to} (${file})`];
  if (allowed === undefined || isTestMaterial(file)) return [];
  if (allowed[to] === undefined) return [`${from} may not import ${to} (${file})`];
  return allowed[to] === 'type' && kind !== 'type' ? [`${from} may import ${to} by type only (${file})`] : [];
}

/** Libraries that come in elsewhere than through their door. Tests may use what they like. */
export function doorOffences(sources: readonly Source[]): string[] {
  const shipped = sources.filter(({ file }) => !isTestMaterial(file));
  return shipped.flatMap(importsOf).flatMap(({ file, specifier, kind, target }) => {
    if (target !== undefined) return [];
    const door = DOORS.find((one) => one.specifier.test(specifier));
    if (door === undefined) return [`"${specifier}" has no door in scripts/house/layers.ts (${file})`];
    if (kind === 'type' && door.types === 'everywhere') return [];
    if (!isIn(file, door.places)) return [`${door.name} comes in through ${door.places.join(' or ')} only (${file})`];
    const isLate = door.form === 'any' || kind !== 'value';
    return isLate ? [] : [`${door.name} is to be imported where it is used, with import(…) (${file})`];
  });
}

/** The page's storage touched outside storage/, servers asked outside network/, and pages spoken of in core/. */
export function platformOffences(sources: readonly Source[]): string[] {
  const offences = new Set<string>();
  for (const source of sources.filter(({ file }) => !isTestMaterial(file))) {
    walk(parse(source), (node) => {
      const isStorage =
        (ts.isIdentifier(node) && node.text === 'indexedDB') ||
        (ts.isPropertyAccessExpression(node) &&
          node.name.text === 'storage' &&
          node.expression.getText().endsWith('navigator'));
      if (isStorage && !isIn(source.file, STORAGE_PLACES)) {
        offences.add(`${node.getText()} may be touched in src/storage/ only (${source.file})`);
      }
      const isFetch =
        (ts.isCallExpression(node) && /^(globalThis\.)?fetch$/.test(node.expression.getText())) ||
        (ts.isNewExpression(node) && node.expression.getText() === 'Request');
      if (isFetch && !isIn(source.file, FETCH_PLACES)) {
        offences.add(`a server may be asked in src/network/ only (${source.file})`);
      }
      const isNode = ts.isIdentifier(node) && node.text === 'getBuiltinModule';
      if (isNode && !isIn(source.file, NODE_PLACES)) {
        offences.add(`Node's modules come in through src/core/node.ts only (${source.file})`);
      }
      const isPage = ts.isIdentifier(node) && (PAGE_NAMES as readonly string[]).includes(node.text);
      if (isPage && source.file.startsWith('src/core/')) {
        offences.add(`core may not speak of ${node.text} (${source.file})`);
      }
    });
  }
  return [...offences];
}

/** Circles of imports, including type-only and dynamic ones. */
export function circles(sources: readonly Source[]): string[] {
  const graph = graphOf(sources, ['value', 'dynamic', 'type']);
  const found = new Set<string>();
  const finished = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) found.add(`${[...path.slice(start), file].join(' → ')} is a circle of imports`);
    if (start >= 0 || finished.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    finished.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return [...found];
}

/** Heavy files that a plain `import 'limbeck'` would load. */
export function eagerOffences(sources: readonly Source[]): string[] {
  const loaded = reached(graphOf(sources, ['value']), ['src/index.ts']);
  return LAZY.filter((file) => loaded.has(file)).map((file) => `index.ts may not load ${file}: ${loaded.get(file)}`);
}

/** Files that another loads although it must not. */
export function apartOffences(sources: readonly Source[]): string[] {
  const graph = graphOf(sources, ['value']);
  return APART.flatMap(({ from, to }) => {
    const way = reached(graph, [from]).get(to);
    return way === undefined ? [] : [`${from} may not load ${to}: ${way}`];
  });
}

/** Files that no entry reaches and that are no test. Types of packages without any are found by the compiler. */
export function unreachedOffences(sources: readonly Source[]): string[] {
  const loaded = reached(graphOf(sources, ['value', 'dynamic', 'type']), [...ENTRIES, ...COMMANDS]);
  return sources
    .filter(({ file }) => !loaded.has(file) && !isTestMaterial(file) && !file.endsWith('.d.ts'))
    .map(({ file }) => `no entry of the package reaches ${file}; export it, or delete it`);
}

/** Pages and browser tests that use the package other than as its users do. */
export function outsiderOffences(sources: readonly Source[]): string[] {
  return sources.flatMap(importsOf).flatMap(({ file, target = '', specifier, kind }) => {
    const isNamed = kind === 'type' && isTestMaterial(target);
    const isInside = /^(src|dist)\//.test(target) && !isNamed && INSIDERS[file] === undefined;
    return isInside
      ? [`${file.split('/')[0]} may import the package as 'limbeck' only, not "${specifier}" (${file})`]
      : [];
  });
}

function isIn(file: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place));
}

function graphOf(sources: readonly Source[], kinds: readonly Import['kind'][]): Map<string, string[]> {
  const edges = (source: Source) =>
    importsOf(source).flatMap(({ kind, target }) => (target !== undefined && kinds.includes(kind) ? [target] : []));
  return new Map(sources.map((source) => [source.file, edges(source)]));
}

/** What can be reached, each with the way to it. */
function reached(graph: Map<string, string[]>, from: readonly string[]): Map<string, string> {
  const ways = new Map(from.map((file) => [file, file]));
  for (const [file, way] of ways) {
    for (const next of graph.get(file) ?? []) if (!ways.has(next)) ways.set(next, `${way} → ${next}`);
  }
  return ways;
}
