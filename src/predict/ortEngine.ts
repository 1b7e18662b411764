import { LimbeckError } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { pixelsAsFloats } from '../core/pixels.ts';
import { makeQueue } from '../core/queue.ts';
import type { NamedArrays } from '../core/shape.ts';
import { onnxNodes } from '../onnx/describe/onnxMetadata.ts';
import { pixelInputs } from '../onnx/describe/pixelInputs.ts';
import { type InferenceSession, type Ort, type OrtTensor, startOrt } from '../runtime/ort.ts';
import { createSession, firstLine, isOutOfMemory, knownLength } from '../runtime/ortSession.ts';
import { fromOrtTensor, isNumericType, toOrtTensor } from '../runtime/ortTensors.ts';
import type { EngineOptions, OpenedEngine } from './engine.ts';

/** A student's ONNX file in onnxruntime-web, on the thread where this is called. */
export interface OrtEngine {
  open(onnx: Uint8Array, options: EngineOptions): Promise<OpenedEngine>;
  /** Takes the model's inputs by their names, checked. */
  run(inputs: NamedArrays): Promise<NamedArrays>;
  close(): Promise<void>;
}

interface Opened {
  readonly ort: Ort;
  readonly session: InferenceSession;
  readonly described: OpenedEngine;
  readonly types: Readonly<Record<string, string>>;
  /** Inputs that read bytes as pixels of 0…1. */
  readonly pixels: readonly string[];
  /** Outputs that are numbers, by the file's names. */
  readonly fetches: readonly string[];
}

type Values = InferenceSession['inputMetadata'];

export function createOrtEngine(): OrtEngine {
  // onnxruntime takes one run at a time per instance.
  const enqueue = makeQueue();
  let opened: Opened | undefined;
  return {
    open: (onnx, options) =>
      enqueue(async () => {
        opened = await open(onnx, options);
        return opened.described;
      }),
    run: (inputs) =>
      enqueue(() => {
        if (opened === undefined) throw new LimbeckError('disposed', 'The student was disposed; load it again.');
        return run(opened, inputs);
      }),
    close: () =>
      enqueue(async () => {
        await opened?.session.release();
        opened = undefined;
      }),
  };
}

async function open(onnx: Uint8Array, { name, threads: wanted, assetBase }: EngineOptions): Promise<Opened> {
  const { ort, threads, notices } = await startOrt({ threads: wanted, assetBase });
  const session = await createSession(ort, onnx, { executionProviders: ['wasm'] }, { what: 'student', name });
  const outputs = session.outputMetadata.filter((value) => value.isTensor && isNumericType(value.type));
  if (outputs.length === 0) {
    await session.release();
    throw new LimbeckError('unknown-output', `The student "${name}" gives no numbers.`);
  }
  const types = Object.fromEntries(
    session.inputMetadata.map((value) => [value.name, value.isTensor ? value.type : 'text'] as const),
  );
  return {
    ort,
    session,
    described: {
      threads,
      inputs: shapesOf(session.inputMetadata),
      outputs: rename(shapesOf(outputs)),
      notices,
    },
    types,
    pixels: pixelInputs(
      onnxNodes(onnx),
      Object.keys(types).filter((input) => types[input]?.startsWith('float')),
    ),
    fetches: outputs.map((value) => value.name),
  };
}

async function run({ ort, session, types, pixels, fetches }: Opened, given: NamedArrays): Promise<NamedArrays> {
  const feeds = Object.fromEntries(
    Object.entries(given).map(([name, array]) => {
      const read = pixels.includes(name) ? pixelsAsFloats(array) : array;
      return [name, toOrtTensor(ort, name, types[name] as string, read)];
    }),
  );
  try {
    const results = await session.run(feeds, fetches);
    return rename(Object.fromEntries(fetches.map((name) => [name, fromOrtTensor(results[name] as OrtTensor)])));
  } catch (error) {
    const why = firstLine(error);
    if (isOutOfMemory(why)) {
      throw new LimbeckError('out-of-memory', `There is no room for the student to compute a batch: ${why}`, {
        cause: error,
      });
    }
    throw new LimbeckError('student-invalid', `The student failed on a batch: ${why}`, { cause: error });
  }
}

/** An only output is 'logits' everywhere, whatever its file calls it. */
function rename<T>(outputs: Record<string, T>): Record<string, T> {
  const values = Object.values(outputs);
  return values.length === 1 ? { [DEFAULT_OUTPUT]: values[0] as T } : outputs;
}

function shapesOf(values: Values): Record<string, readonly (number | null)[]> {
  return Object.fromEntries(
    values.map((value) => [value.name, value.isTensor ? value.shape.map(knownLength) : []] as const),
  );
}
