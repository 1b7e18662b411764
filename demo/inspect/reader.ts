// The worker of the page Inspect: it holds the file, and reads and draws it beside the page.
import { expose } from 'comlink';
import { inspectOnnx, type OnnxDescription, type Tap } from 'limbeck';
import { errorOf, type PlainError } from '../frame/plainError.ts';
import { type Drawing, drawGraph } from './drawGraph.ts';
import { graphOf, type ModelGraph } from './graphOf.ts';

/** What came of a call, as plain values: an error that crosses a worker boundary would lose its code. */
export type Answer<T> = { readonly value: T } | { readonly error: PlainError };

export interface Opened {
  readonly description: OnnxDescription;
  readonly graph: ModelGraph;
}

/** More than protobuf, and so an ONNX file, can hold. */
const MOST_BYTES = 2 ** 31 - 1;

let file = new Blob([]);
let name = '';
let graph: ModelGraph = { nodes: [], edges: [] };

const reader = {
  /** Reads a model, which the other calls mean from then on. `dimensions` gives lengths that the file leaves open. */
  open: (given: Blob, givenName: string, dimensions: Readonly<Record<string, number>>): Promise<Answer<Opened>> =>
    answered(async () => {
      if (given.size > MOST_BYTES) throw tooLarge(givenName);
      const description = await inspectOnnx(given, { name: givenName, dimensions });
      [file, name, graph] = [given, givenName, graphOf(description)];
      return { description, graph };
    }),

  /** The tensors that taps mean, and what each output would be called. */
  findTaps: (taps: readonly Tap[], untilTaps: boolean): Promise<Answer<Readonly<Record<string, string>>>> =>
    answered(async () => (await inspectOnnx(file, { name, taps, untilTaps })).taps ?? {}),

  draw: (): Promise<Answer<Drawing>> => answered(async () => drawGraph(graph)),
};

export type Reader = typeof reader;

async function answered<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: errorOf(error) };
  }
}

function tooLarge(called: string): Error {
  const message = `"${called}" is larger than 2 GB, which no ONNX file can be. Larger models keep weights in files beside them.`;
  return Object.assign(new Error(message), { code: 'invalid-onnx' });
}

expose(reader);
