import { LimbeckError } from '../core/errors.ts';
import { given, type OptionsOf, schema, text } from '../core/schema.ts';
import { isTagged } from '../core/tags.ts';
import { withPeers } from '../core/withPeers.ts';
import { studentMetadata } from '../onnx/describe/onnxMetadata.ts';
import { artifactsFrom, nameOf, type StudentSource } from '../student/artifacts.ts';
import type { BundleManifest, Shapes } from '../student/files/bundle.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { ReportFigures } from './cardSections.ts';
import type { ModelCardOptions } from './modelCard.ts';

const OPTIONS = schema('toBundle', {
  /** Default: the student's. */
  name: text(),
  /** Names of the classes, in the order of the output. Default: those that the file given as `onnx` names. */
  labels: given<readonly string[]>(),
  /** How data becomes the student's inputs; kept as JSON for the code that feeds it. Default: what that file says. */
  input: given<object>(),
  /** A `DistillReport`, or as much of one as there is; kept as JSON. */
  report: given<ReportFigures>(),
  /**
   * The student as ONNX too: its bytes, such as from `quantize`, or true for `toOnnx`. `loadStudent` prefers a quantized file
   * to the tfjs form, and of two equal forms takes the faster. Default: not.
   */
  onnx: given<Uint8Array | boolean>(),
  /** The model card, or what it says beyond the report. Default: made from the report. */
  modelCard: given<string | Partial<ModelCardOptions>>(),
});

/** What a bundle says about a student, and in which forms it holds it. */
export interface BundleOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A student as one self-describing ZIP file: tfjs's two files, ONNX if asked for, labels, measurements and a model card. The same student and options give the same bytes.
 * Throws    student-invalid · unsupported-layer: onnx: true, and a layer that ONNX export does not know · class-mismatch:
 *           not one label for each class of the student · invalid-option · backend-unavailable: there is no report with the
 *           shapes, and tfjs, which computes them, is not installed here
 *
 * @example
 * const { student, report } = await distill(options).done;
 * const bytes = await toBundle(student, { report, onnx: true, modelCard: { license: 'mit' } });
 */
export async function toBundle(student: StudentSource, options: BundleOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { report, name = nameOf(student) } = OPTIONS.read(options);
  if (name === '') throw new LimbeckError('invalid-option', '"name" was empty; it must be a word.');
  const artifacts = await artifactsFrom(student);
  // What the ONNX file's metadata says need not be given again.
  const said = isTagged(options.onnx, 'Uint8Array') ? studentMetadata(options.onnx) : {};
  const { labels = said.labels, input = said.input } = options;
  const { inputs, outputs } = await describeShapes(artifacts, report);
  if (labels !== undefined) checkLabels(labels, outputs);
  const teacher = report?.teacher;
  const onnx = await onnxOf(artifacts, options);
  const quantized =
    said.quantized ?? (isTagged(options.onnx, 'Uint8Array') ? await quantizedBy(options.onnx) : undefined);
  const about: Omit<BundleManifest, 'format' | 'version' | 'weightsHash' | 'files'> = {
    name,
    ...(labels && { labels }),
    ...(input !== undefined && { input }),
    ...(quantized && { quantized }),
    inputs,
    outputs,
    ...(teacher && { teacher: { name: teacher.name, identity: teacher.identity } }),
    ...(report && { report }),
  };
  const [{ packBundle }, card] = await Promise.all([
    import('../student/files/packBundle.ts'),
    cardOf({ ...options, labels }, name, artifacts, onnx),
  ]);
  return packBundle({ about, artifacts, card, ...(onnx && { onnx }) });
}

/** From the report, which costs nothing; otherwise tfjs builds the student once to compute the shapes. */
async function describeShapes(
  artifacts: StudentArtifacts,
  report: ReportFigures | undefined,
): Promise<{ inputs: Shapes; outputs: Shapes }> {
  const withBatch = (shapes: Shapes) =>
    Object.fromEntries(Object.entries(shapes).map(([of, shape]) => [of, [null, ...shape]]));
  const { inputs: said, outputs: given } = report?.student ?? {};
  if (said !== undefined && given !== undefined) return { inputs: withBatch(said), outputs: withBatch(given) };
  const load = () => Promise.all([import('../student/build.ts'), import('../runtime/tf.ts')]);
  const [{ buildStudent, describeStudent, settleBackend }, tf] = await withPeers(load);
  await settleBackend(tf);
  const model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  const { inputs, outputs } = describeStudent(model);
  model.dispose();
  return { inputs: withBatch(inputs), outputs: withBatch(outputs) };
}

/** Throws    class-mismatch */
function checkLabels(labels: readonly string[], outputs: Shapes): void {
  const lengths = Object.values(outputs).map((shape) => shape.at(-1) ?? null);
  if (lengths.some((length) => length === null || length === labels.length)) return;
  throw new LimbeckError(
    'class-mismatch',
    `There are ${labels.length} labels; the student's outputs have ${lengths.join(', ')} classes. Give one label for each.`,
    { details: { labels: labels.length, classes: lengths } },
  );
}

async function onnxOf(artifacts: StudentArtifacts, { onnx, labels, input }: BundleOptions) {
  if (isTagged(onnx, 'Uint8Array')) return onnx;
  if (onnx !== true) return undefined;
  const { artifactsToOnnx } = await import('./artifactsToOnnx.ts');
  return artifactsToOnnx(artifacts, { ...(labels && { labels }), ...(input && { input }) });
}

/** 'other' if it has nodes of a quantized model. Bytes that are not an ONNX file are reported when they are loaded. */
async function quantizedBy(onnx: Uint8Array): Promise<'other' | undefined> {
  const [{ readModel }, { quantizedNode }] = await Promise.all([
    import('../onnx/model.ts'),
    import('./quantize/requireFloat.ts'),
  ]);
  try {
    return quantizedNode(readModel(onnx)) && 'other';
  } catch {
    return undefined;
  }
}

async function cardOf(
  { modelCard: given, labels, report }: BundleOptions,
  name: string,
  artifacts: StudentArtifacts,
  onnx: Uint8Array | undefined,
): Promise<string> {
  if (typeof given === 'string') return given;
  const { modelCard } = await import('./modelCard.ts');
  const bytes = { tfjs: artifacts.weightData.byteLength, ...(onnx && { onnx: onnx.length }) };
  return modelCard({ name, ...(labels && { labels }), ...(report && { report }), bytes, ...given });
}
