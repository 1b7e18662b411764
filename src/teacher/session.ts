import { LimbeckError, messageOf } from '../core/errors.ts';
import { makeQueue } from '../core/queue.ts';
import { firstNonFinite, formatShape, isSameShape, type NamedArrays, type NdArray } from '../core/shape.ts';
import { type InferenceSession, type Ort, type OrtTensor, startOrt } from '../runtime/ort.ts';
import { type ImageInput, toImageInput } from './imageInput.ts';
import type { TeacherDescription } from './teacher.ts';

export interface SessionOptions {
  readonly name: string;
  readonly threads?: number;
  readonly assetBase?: string;
  readonly input?: ImageInput;
}

/** An ONNX model in onnxruntime-web, on the thread where this is called. */
export interface OnnxSession {
  open(bytes: Uint8Array, options: SessionOptions): Promise<TeacherDescription>;
  run(inputs: NamedArrays): Promise<NamedArrays>;
  timeMs(inputs: NamedArrays, repeats: number): Promise<number[]>;
  close(): Promise<void>;
}

interface ValueInfo {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | null)[];
}

/** wasm code is compiled in tiers; the first passes run in the slow one. */
const WARM_UPS = 5;

export function createOnnxSession(): OnnxSession {
  // ort takes one run at a time per instance.
  const enqueue = makeQueue();
  let opened: { ort: Ort; session: InferenceSession; inputs: ValueInfo[]; options: SessionOptions } | undefined;

  async function prepare(given: NamedArrays): Promise<Record<string, OrtTensor>> {
    if (opened === undefined) throw new LimbeckError('disposed', 'The teacher was disposed; load it again.');
    const { ort, inputs, options } = opened;
    const feeds: Record<string, OrtTensor> = {};
    for (const info of inputs) feeds[info.name] = toOrtTensor(ort, info, arrayFor(info, inputs, given, options.input));
    return feeds;
  }

  async function run(feeds: Record<string, OrtTensor>): Promise<NamedArrays> {
    try {
      const results = await (opened as NonNullable<typeof opened>).session.run(feeds);
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrtTensor(tensor)]));
    } catch (error) {
      throw new LimbeckError('teacher-failed', `The teacher failed on a batch: ${messageOf(error)}`, { cause: error });
    }
  }

  return {
    open: (bytes, options) =>
      enqueue(async () => {
        const { ort, threads, notices } = await startOrt(options);
        const session = await createSession(ort, bytes, options.name);
        const inputs = valuesOf(session.inputMetadata);
        opened = { ort, session, inputs, options };
        return {
          name: options.name,
          bytes: bytes.byteLength,
          device: 'wasm',
          threads,
          inputs: shapesOf(inputs),
          outputs: shapesOf(valuesOf(session.outputMetadata)),
          notices,
        };
      }),
    run: (inputs) => enqueue(async () => run(await prepare(inputs))),
    timeMs: (inputs, repeats) =>
      enqueue(async () => {
        const feeds = await prepare(inputs);
        for (let i = 0; i < WARM_UPS; i++) await run(feeds);
        const times: number[] = [];
        for (let i = 0; i < repeats; i++) {
          const start = performance.now();
          await run(feeds);
          times.push(performance.now() - start);
        }
        return times;
      }),
    close: () =>
      enqueue(async () => {
        await opened?.session.release();
        opened = undefined;
      }),
  };
}

/** Throws    invalid-onnx: the bytes are no ONNX model, or a truncated one · backend-unavailable · out-of-memory */
async function createSession(ort: Ort, bytes: Uint8Array, name: string): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
  } catch (error) {
    const why = messageOf(error);
    if (/memory|allocat/i.test(why)) {
      throw new LimbeckError('out-of-memory', `There is no room for the teacher "${name}": ${why}`, { cause: error });
    }
    // ort says so where its own WebAssembly did not start; any other fault is the model's.
    if (why.startsWith('no available backend')) {
      throw new LimbeckError(
        'backend-unavailable',
        `onnxruntime-web did not start (${why}). Its two files, ort-wasm-simd-threaded.mjs and .wasm, must be served ` +
          'beside limbeck’s worker.',
        { cause: error },
      );
    }
    throw new LimbeckError(
      'invalid-onnx',
      `"${name}" (${bytes.byteLength} bytes) is no ONNX model that can be run: ${why} ${hintFor(bytes)}`,
      { details: { name, bytes: bytes.byteLength }, cause: error },
    );
  }
}

function hintFor(bytes: Uint8Array): string {
  const isText = bytes[0] === 0x3c || bytes[0] === 0x7b;
  return isText
    ? 'It looks like a web page or JSON: check the address it came from.'
    : 'Check that the file is whole and was exported as ONNX.';
}

function valuesOf(metadata: InferenceSession['inputMetadata']): ValueInfo[] {
  return metadata.map((value) => ({
    name: value.name,
    type: value.isTensor ? value.type : 'not a tensor',
    shape: value.isTensor
      ? value.shape.map((length) => (typeof length === 'number' && length >= 0 ? length : null))
      : [],
  }));
}

function shapesOf(values: readonly ValueInfo[]): Record<string, readonly (number | null)[]> {
  return Object.fromEntries(values.map(({ name, shape }) => [name, shape]));
}

/** Throws    unknown-input · not-finite · shape-mismatch */
function arrayFor(info: ValueInfo, all: readonly ValueInfo[], given: NamedArrays, input?: ImageInput): NdArray {
  const names = Object.keys(given);
  const array = given[info.name] ?? (all.length === 1 && names.length === 1 ? given[names[0] as string] : undefined);
  if (array === undefined) {
    throw new LimbeckError(
      'unknown-input',
      `The teacher reads the input "${info.name}"; the data offers ${names.map((n) => `"${n}"`).join(', ')}. ` +
        `Name the arrays of the dataset as the model names its inputs: ${all.map(({ name }) => name).join(', ')}.`,
      { details: { needed: info.name, given: names } },
    );
  }
  const at = firstNonFinite(array.data);
  if (at >= 0) {
    throw new LimbeckError(
      'not-finite',
      `The input "${info.name}" holds ${array.data[at]} at value ${at} of this batch.`,
      {
        details: { name: info.name, at },
      },
    );
  }
  const ready = input === undefined ? array : toImageInput(array, input);
  if (!isSameShape(ready.shape, info.shape)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The teacher's input "${info.name}" takes ${formatShape(info.shape)}; it was given ${formatShape(ready.shape)}. ` +
        'Resize and reorder the data, or describe how with loadTeacher(…, { input: { size, channels, layout } }).',
      { details: { name: info.name, needed: info.shape, given: ready.shape } },
    );
  }
  return ready;
}

function toOrtTensor(ort: Ort, { name, type }: ValueInfo, { data, shape }: NdArray): OrtTensor {
  if (type === 'float32')
    return new ort.Tensor('float32', data instanceof Float32Array ? data : Float32Array.from(data), shape);
  if (type === 'int32') return new ort.Tensor('int32', Int32Array.from(data), shape);
  if (type === 'uint8') return new ort.Tensor('uint8', Uint8Array.from(data), shape);
  if (type === 'bool') return new ort.Tensor('bool', Uint8Array.from(data), shape);
  if (type === 'int64')
    return new ort.Tensor('int64', BigInt64Array.from(Array.from(data, (x) => BigInt(Math.trunc(x)))), shape);
  throw new LimbeckError('shape-mismatch', `The teacher's input "${name}" takes ${type}, which limbeck does not make.`);
}

/** 64-bit integers and halves become numbers that JavaScript and tfjs can hold. */
function fromOrtTensor(tensor: OrtTensor): NdArray {
  const data = tensor.data;
  const shape = [...tensor.dims];
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) return { data, shape };
  if (tensor.type === 'int64' || tensor.type === 'uint64')
    return { data: Int32Array.from(data as ArrayLike<bigint>, Number), shape };
  return { data: Float32Array.from(data as ArrayLike<number>), shape };
}
