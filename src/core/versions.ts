import { installedVersion, isPage } from './node.ts';

/** Versions of the libraries that compute, as limbeck is built with them; a test compares them with package.json. */
export const VERSIONS = { limbeck: '0.1.0', tfjs: '4.22.0', onnxruntime: '1.30.0' } as const;

/**
 * The versions that compute here. tfjs is that of limbeck's worker, which carries it; on the caller's own thread tfjs tells its
 * version itself. onnxruntime-web is what Node finds installed, and elsewhere what limbeck carries. `find` is for tests.
 */
export function versionsHere(find = installedVersion): Readonly<Record<keyof typeof VERSIONS, string>> {
  const installed = isPage() ? undefined : find('onnxruntime-web', import.meta.url);
  return { ...VERSIONS, onnxruntime: installed ?? VERSIONS.onnxruntime };
}

/** Installed versions with which limbeck works: from the first, and below the second. A place row runs both ends. */
export interface VersionRange {
  readonly from: string;
  readonly below: string;
}

/**
 * tfjs on the caller's own thread. limbeck's kernels work on the memory of tfjs's WebAssembly, which lies in limbeck's package and
 * is the same file in all of these; the next version may lay its memory out otherwise.
 */
export const TFJS_RANGE: VersionRange = { from: '4.11.0', below: '4.23.0' };
/** onnxruntime-web, which Node takes where it is installed; from 1.22 on it tells the shapes of a model's inputs. */
export const ONNXRUNTIME_RANGE: VersionRange = { from: '1.22.0', below: '2.0.0' };

/** As package.json writes it. */
export const rangeText = ({ from, below }: VersionRange): string => `>=${from} <${below}`;

/** Whether a version lies within; previews never do. */
export function isWithin(version: string, { from, below }: VersionRange): boolean {
  return /^\d+\.\d+\.\d+$/.test(version) && compare(version, from) >= 0 && compare(version, below) < 0;
}

function compare(one: string, other: string): number {
  const [a, b] = [one.split('.').map(Number), other.split('.').map(Number)];
  return a.map((part, i) => part - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
