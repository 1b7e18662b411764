// The text reader itself, taught digits: what its written file reads of the held-out ones, learned from a few of each.
import { loadTeacher, type NdArray, personalizeOnnx, type Trainer } from 'limbeck';
import { LABELS } from '../../demo/digits.ts';
import { batchIndices } from '../../src/data/views.ts';
import { at, datasetOf, type Labelled, rightOf } from './personalizeDigits.ts';

export interface OnnxRow {
  /** Of the file on the held-out digits. */
  readonly accuracy: number;
  readonly bytes: number;
  readonly adaptMs: number;
}

/** How the main job shows a digit to the reader: dark on white, as print. */
const input = { size: [48, 48], channels: 3, inverted: 'yes', mean: 0.5, stdDev: 0.5 } as const;

/** Before the reader joins columns to text, which its last product does not need of a single digit. */
const TAP = { tensor: 'p2o.AveragePool.1' };

/** `own` are digits that are not held out. */
export async function measureOnnx(own: Labelled, heldOut: Labelled, trainer: Trainer, seed: number): Promise<OnnxRow> {
  const model = await (await fetch('./models/ch_PP-OCRv4_rec_infer.onnx')).arrayBuffer();
  const startedAt = performance.now();
  const run = personalizeOnnx(model, { data: datasetOf(own), labels: LABELS, input, tap: TAP, trainer, seed });
  const { onnx } = await run.done;
  const adaptMs = performance.now() - startedAt;
  return { accuracy: await accuracyOfFile(onnx, heldOut), bytes: onnx.byteLength, adaptMs };
}

/** As any user of the file runs it. */
async function accuracyOfFile(onnx: Uint8Array<ArrayBuffer>, heldOut: Labelled): Promise<number> {
  await using file = await loadTeacher(onnx, { name: 'digit reader', input }).done;
  let right = 0;
  for (const indices of batchIndices(heldOut.size, file.description.batchSize ?? 32)) {
    const { inputs, labels } = at(heldOut, indices);
    const { logits } = await file.ask(inputs);
    right += indices.length * rightOf(logits as NdArray, labels);
  }
  return right / heldOut.size;
}
