import { LimbeckError } from '../core/errors.ts';
import { checkCount, checkKnownOptions, checkOneOf } from '../core/options.ts';

/** How a student is written as ONNX, and what is said beside it. */
export interface ToOnnxOptions {
  /** Version of the ONNX operators, 13 to 21. Default 17. */
  readonly opset?: number;
  /** Whether the first dimension is free and called "batch"; else it is `batchSize`. Default true. */
  readonly dynamicBatch?: boolean;
  /** Examples of one run where the batch is not free. Default 1. */
  readonly batchSize?: number;
  /**
   * How inputs of images and volumes [B, H, W, C] are given: as the tfjs student takes them (default), or [B, C, H, W].
   * Inputs of other ranks are the same in both.
   */
  readonly inputLayout?: 'channels-last' | 'channels-first';
  /** Whether batch normalization goes into the weights of the layer before it, where nothing else reads that. Default false. */
  readonly foldBatchNorm?: boolean;
  /** Name of the graph. Default: the model's own. */
  readonly name?: string;
  /** Names of the classes, in the order of the output; written as `limbeck.labels`. */
  readonly labels?: readonly string[];
  /** How an input is prepared, as plain values; written as `limbeck.input`. */
  readonly input?: object;
  /** The identity of the teacher that the student learned from; written as `limbeck.teacher`. */
  readonly teacher?: string;
  /** Results by name; written as `limbeck.metrics`. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Written as `limbeck.license`, such as 'MIT'. */
  readonly license?: string;
  /** Further pairs of the file's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const KNOWN = [
  ...['opset', 'dynamicBatch', 'batchSize', 'inputLayout', 'foldBatchNorm', 'name', 'labels', 'input', 'teacher'],
  ...['metrics', 'license', 'metadata', 'signal'],
];

/** Throws    invalid-option */
export function checkToOnnxOptions(options: ToOnnxOptions): void {
  checkKnownOptions(options, KNOWN, 'toOnnx');
  const { opset = 17, dynamicBatch = true, batchSize, inputLayout = 'channels-last', foldBatchNorm = false } = options;
  checkOneOf(opset, 'opset', [13, 14, 15, 16, 17, 18, 19, 20, 21]);
  checkOneOf(inputLayout, 'inputLayout', ['channels-last', 'channels-first']);
  for (const [name, flag] of Object.entries({ dynamicBatch, foldBatchNorm })) {
    if (typeof flag !== 'boolean') throw invalid(name, 'true or false', flag);
  }
  if (batchSize !== undefined) {
    checkCount(batchSize, 'batchSize');
    if (dynamicBatch) throw invalid('batchSize', 'left out unless dynamicBatch is false', batchSize);
  }
  for (const name of ['name', 'teacher', 'license'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'string')
      throw invalid(name, 'a string', options[name]);
  }
  const { labels, input, metrics = {}, metadata = {} } = options;
  const isNames = labels === undefined || (Array.isArray(labels) && labels.every((one) => typeof one === 'string'));
  if (!isNames) throw invalid('labels', 'an array of strings', labels);
  if (input !== undefined && (typeof input !== 'object' || input === null)) throw invalid('input', 'an object', input);
  checkPairs('metrics', metrics, (value) => Number.isFinite(value), 'finite numbers by name');
  checkPairs('metadata', metadata, (value) => typeof value === 'string', 'strings by name');
  const owned = Object.keys(metadata).find((key) => key.startsWith('limbeck.'));
  if (owned !== undefined)
    throw invalid('metadata', `without "${owned}", which the options of that name write`, metadata);
}

/** The pairs of the file's metadata. */
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
