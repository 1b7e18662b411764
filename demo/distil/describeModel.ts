// A worker that reads what a model's file says about it: a large file takes longer than a page may wait.
import { inspectOnnx, type OnnxDescription } from 'limbeck';

/** What the page needs of it, or the error as plain values. */
export type Described = Pick<OnnxDescription, 'inputs' | 'outputs' | 'metadata'> | { readonly error: string };

addEventListener('message', ({ data }: MessageEvent<File>) => {
  inspectOnnx(data, { name: data.name }).then(
    ({ inputs, outputs, metadata }) => postMessage({ inputs, outputs, metadata } satisfies Described),
    (error) => postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies Described),
  );
});
