import { strToU8, zipSync } from 'fflate';
import { sha256 } from '../../core/hash.ts';
import type { StudentArtifacts } from '../student.ts';
import { BUNDLE_FORMAT, BUNDLE_VERSION, type BundleFile, type BundleManifest } from './bundle.ts';
import { toFiles } from './files.ts';

/** What goes into a bundle; the manifest's other fields are computed. */
export interface BundleParts {
  readonly about: Omit<BundleManifest, 'format' | 'version' | 'weightsHash' | 'files'>;
  readonly artifacts: StudentArtifacts;
  readonly onnx?: Uint8Array;
  readonly card?: string;
}

/** The ZIP format's first day, so that the same content gives the same bytes. The fields of local time are written. */
const MTIME = new Date(1980, 0, 1);

/** The bytes of a bundle. Weights are stored uncompressed: they hardly shrink, and reading is faster. */
export async function packBundle({ about, artifacts, onnx, card }: BundleParts): Promise<Uint8Array<ArrayBuffer>> {
  const { 'model.json': model, 'weights.bin': weights } = toFiles(artifacts);
  const contents: [path: string, content: Uint8Array][] = [
    ['model.json', strToU8(model)],
    ['weights.bin', weights],
    ...(onnx === undefined ? [] : ([['student.onnx', onnx]] as [string, Uint8Array][])),
    ...(card === undefined ? [] : ([['README.md', strToU8(card)]] as [string, Uint8Array][])),
  ];
  const files = await Promise.all(contents.map(([path, content]) => describeFile(path, content)));
  const { sha256: weightsHash } = files.find(({ path }) => path === 'weights.bin') as BundleFile;
  const manifest: BundleManifest = {
    format: BUNDLE_FORMAT,
    version: BUNDLE_VERSION,
    ...about,
    weightsHash,
    files,
  };
  const all = [['manifest.json', strToU8(`${JSON.stringify(manifest, undefined, 2)}\n`)] as const, ...contents];
  const zipped = Object.fromEntries(
    all.map(([path, content]) => [path, [content, { mtime: MTIME, level: /\.(bin|onnx)$/.test(path) ? 0 : 9 }]]),
  ) as Parameters<typeof zipSync>[0];
  return zipSync(zipped) as Uint8Array<ArrayBuffer>;
}

async function describeFile(path: string, content: Uint8Array): Promise<BundleFile> {
  return { path, bytes: content.length, sha256: await sha256(content) };
}
