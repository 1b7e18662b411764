import { strFromU8, unzipSync } from 'fflate';
import { LimbeckError, messageOf } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { innerPath } from '../../core/innerPath.ts';
import { parseJson } from '../../core/parseJson.ts';
import { isTagged } from '../../core/tags.ts';
import type { StudentArtifacts } from '../student.ts';
import { formOf } from './fileForm.ts';
import { artifactsFromFiles } from './files.ts';

export const BUNDLE_FORMAT = 'limbeck-bundle';
export const BUNDLE_VERSION = 1;

/** Shapes by names, with the batch; a free length is null. */
export type Shapes = Readonly<Record<string, readonly (number | null)[]>>;

/** The description of a bundle: its file manifest.json. */
export interface BundleManifest {
  readonly format: typeof BUNDLE_FORMAT;
  readonly version: number;
  readonly name: string;
  /** Names of the classes, in the order of the output. */
  readonly labels?: readonly string[];
  /** How data became the student's inputs; kept as given. */
  readonly input?: unknown;
  /**
   * How its ONNX file was quantized, such as 'static-int8', or 'other' for another tool's form; left out if it was not.
   */
  readonly quantized?: string;
  readonly inputs: Shapes;
  readonly outputs: Shapes;
  /** SHA-256 of the weights, which identifies this student. */
  readonly weightsHash: string;
  readonly teacher?: { readonly name?: string; readonly identity?: string };
  /** The report of its training, and what was measured. */
  readonly report?: unknown;
  readonly files: readonly BundleFile[];
}

/** A file of a bundle, as its manifest lists it. */
export interface BundleFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A student with everything that is known about it. */
export interface Bundle {
  readonly manifest: BundleManifest;
  readonly artifacts: StudentArtifacts;
  readonly onnx?: Uint8Array;
  /** The model card, Markdown. */
  readonly card?: string;
}

/** Deflate makes at most 1,032 bytes of one. */
const MOST_GROWTH = 1032;

/** What `readBundle` does. Throws    bundle-invalid · student-invalid: its model.json and weights.bin are no layers model */
export async function unpackBundle(source: Uint8Array | ArrayBuffer, mostBytes: number): Promise<Bundle> {
  const files = unpackZip(isTagged(source, 'Uint8Array') ? source : new Uint8Array(source), mostBytes);
  const manifest = readManifest(files);
  const found = await Promise.all(manifest.files.map((file) => checkFile(file, files)));
  const byPath = new Map(manifest.files.map(({ path }, i) => [path, found[i] as Uint8Array]));
  const model = byPath.get('model.json');
  const weights = byPath.get('weights.bin');
  if (model === undefined || weights === undefined) throw invalid('it lists no model.json or no weights.bin');
  if (manifest.files.find(({ path }) => path === 'weights.bin')?.sha256 !== manifest.weightsHash) {
    throw invalid('its weights are not those of its manifest');
  }
  const onnx = byPath.get('student.onnx');
  const card = byPath.get('README.md');
  return {
    manifest,
    artifacts: artifactsFromFiles({ 'model.json': strFromU8(model), 'weights.bin': weights }),
    ...(onnx && { onnx }),
    ...(card && { card: strFromU8(card) }),
  };
}

/** The files of a ZIP by name. Checks what it declares before anything is unpacked. `refuse` makes the error of a bad one. */
export function unpackZip(
  bytes: Uint8Array,
  mostBytes: number,
  refuse: (why: string, cause?: unknown) => LimbeckError = invalid,
): Map<string, Uint8Array> {
  if (formOf(bytes) !== 'zip') throw refuse('it is no ZIP');
  const names = new Set<string>();
  let total = 0;
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, size, originalSize, compression }) => {
        const path = name.replace(/\/$/, '');
        if (innerPath(path) !== path) throw refuse(`its file "${name}" would lie outside of it`);
        if (names.has(name)) throw refuse(`it holds "${name}" twice`);
        names.add(name);
        total += originalSize;
        if (total > mostBytes) throw refuse(`its files take more than ${mostBytes} bytes, the most that are allowed`);
        if (originalSize > (compression === 0 ? size : size * MOST_GROWTH)) {
          throw refuse(`its file "${name}" says that its ${size} bytes become ${originalSize}`);
        }
        return !name.endsWith('/');
      },
    });
    return new Map(Object.entries(files));
  } catch (error) {
    throw error instanceof LimbeckError ? error : refuse(`its ZIP is damaged (${messageOf(error)})`, error);
  }
}

function readManifest(files: ReadonlyMap<string, Uint8Array>): BundleManifest {
  const bytes = files.get('manifest.json');
  if (bytes === undefined) throw invalid('it has no manifest.json');
  let manifest: Partial<BundleManifest>;
  try {
    manifest = (parseJson(strFromU8(bytes)) ?? {}) as Partial<BundleManifest>;
  } catch (error) {
    throw invalid(`its manifest.json is no JSON (${messageOf(error)})`, error);
  }
  const { format, version, name, labels, quantized, inputs, outputs, files: listed } = manifest;
  if (format !== BUNDLE_FORMAT || !Number.isInteger(version)) throw invalid('its manifest describes something else');
  if ((version as number) > BUNDLE_VERSION) {
    throw invalid(`it has version ${version}, and this limbeck reads up to ${BUNDLE_VERSION}; update limbeck`);
  }
  const isListed = Array.isArray(listed) && listed.every((file) => typeof file?.path === 'string');
  const hasLabels = labels === undefined || (Array.isArray(labels) && labels.every((one) => typeof one === 'string'));
  const hasForm = quantized === undefined || typeof quantized === 'string';
  if (typeof name !== 'string' || !isListed || !hasLabels || !hasForm || !isShapes(inputs) || !isShapes(outputs)) {
    throw invalid(
      'its manifest lacks a name, files, inputs or outputs, or has labels that are no texts, or such a form',
    );
  }
  return manifest as BundleManifest;
}

function isShapes(value: unknown): value is Shapes {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (shape) => Array.isArray(shape) && shape.every((length) => length === null || Number.isInteger(length)),
  );
}

async function checkFile({ path, bytes, sha256: hash }: BundleFile, files: ReadonlyMap<string, Uint8Array>) {
  const content = files.get(path);
  if (content === undefined) throw invalid(`its file "${path}" is missing`);
  if (content.length !== bytes || (await sha256(content)) !== hash) {
    throw invalid(`its file "${path}" is not the one of its manifest`);
  }
  return content;
}

function invalid(why: string, cause?: unknown): LimbeckError {
  return new LimbeckError(
    'bundle-invalid',
    `This bundle cannot be used: ${why}. Fetch it again, or write it again with toBundle.`,
    { details: { why }, cause },
  );
}
