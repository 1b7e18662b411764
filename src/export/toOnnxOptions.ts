import { LimbeckError } from '../core/errors.ts';
import { count, flag, given, type OptionsOf, oneOf, type Read, schema, text } from '../core/schema.ts';

const OPTIONS = schema('toOnnx', {
  /** Version of the ONNX operators, 13 to 21. Default 17. */
  opset: oneOf<number>(13, 14, 15, 16, 17, 18, 19, 20, 21)(17),
  /** Whether the first dimension is free and called "batch"; else it is `batchSize`. Default true. */
  dynamicBatch: flag(true),
  /** Examples of one run if the batch is not free. Default: 1. */
  batchSize: count()(),
  /**
   * The layout of inputs of images and volumes: [B, H, W, C], as the tfjs student takes them, or [B, C, H, W].
   * Inputs of other ranks are the same in both. Default 'channels-last'.
   */
  inputLayout: oneOf('channels-last', 'channels-first')('channels-last'),
  /**
   * Whether batch normalization, and other constant factors and sums of channels, become part of the weights of the layer
   * before, if nothing else reads its output or its weights. Default false.
   */
  foldBatchNorm: flag(false),
  /** Name of the graph. Default: the model's own. */
  name: text(),
  /** Names of the classes, in the order of the output; written as `limbeck.labels`. */
  labels: given<readonly string[]>(),
  /** How an input is prepared, as plain values; written as `limbeck.input`. */
  input: given<object>(),
  /** The identity of the teacher that the student learned from; written as `limbeck.teacher`. */
  teacher: text(),
  /** Results by name; written as `limbeck.metrics`. */
  metrics: given<Readonly<Record<string, number>>>(),
  /** Written as `limbeck.license`, such as 'MIT'. */
  license: text(),
  /** Further metadata pairs of the file. */
  metadata: given<Readonly<Record<string, string>>>(),
  /** Ends the writing early with an AbortError. */
  signal: given<AbortSignal>(),
});

/** How a student is written as ONNX, and the metadata of the file. */
export interface ToOnnxOptions extends OptionsOf<typeof OPTIONS> {}

/** All options with their defaults. Throws    invalid-option */
export function readToOnnxOptions(options: ToOnnxOptions): Read<typeof OPTIONS> {
  const read = OPTIONS.read(options);
  const { dynamicBatch, batchSize } = read;
  if (batchSize !== undefined && dynamicBatch) {
    throw invalid('batchSize', 'left out unless dynamicBatch is false', batchSize);
  }
  const { labels, input, metrics = {}, metadata = {} } = read;
  const isNames = labels === undefined || (Array.isArray(labels) && labels.every((one) => typeof one === 'string'));
  if (!isNames) throw invalid('labels', 'an array of strings', labels);
  if (input !== undefined && (typeof input !== 'object' || input === null)) throw invalid('input', 'an object', input);
  checkPairs('metrics', metrics, (value) => Number.isFinite(value), 'finite numbers by name');
  checkPairs('metadata', metadata, (value) => typeof value === 'string', 'strings by name');
  const owned = Object.keys(metadata).find((key) => key.startsWith('limbeck.'));
  if (owned !== undefined)
    throw invalid('metadata', `without "${owned}", which the options of that name write`, metadata);
  return read;
}

/** The metadata pairs of the file. */
export function metadataOf(options: ToOnnxOptions): { key: string; value: string }[] {
  const { labels, input, teacher, metrics, license, metadata = {} } = options;
  const pairs: [string, string | undefined][] = [
    ['limbeck.labels', labels && JSON.stringify(labels)],
    ['limbeck.input', input && JSON.stringify(input)],
    ['limbeck.teacher', teacher],
    ['limbeck.metrics', metrics && JSON.stringify(metrics)],
    ['limbeck.license', license],
    ...Object.entries(metadata),
  ];
  return pairs.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
}

function checkPairs(name: string, pairs: object, isRight: (value: unknown) => boolean, needed: string): void {
  const isObject = typeof pairs === 'object' && pairs !== null;
  if (!isObject || !Object.values(pairs).every(isRight)) throw invalid(name, needed, pairs);
}

function invalid(name: string, needed: string, given: unknown): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    `"${name}" must be ${needed}; given ${JSON.stringify(given) ?? String(given)}.`,
    {
      details: { name },
    },
  );
}
