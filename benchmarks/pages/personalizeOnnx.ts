// The text reader itself, taught digits: what its written file reads of the held-out ones, learned from a few of each.
import { loadTeacher, type NdArray, personalizeOnnx, type Trainer } from 'limbeck';
import { LABELS } from '../../demo/digits.ts';
import { putRows } from '../../src/adapt/examples.ts';
import { scored } from '../../src/adapt/measured.ts';
import { pickRowsOfAll } from '../../src/core/rows.ts';
import { batchIndices } from '../../src/data/views.ts';
import { datasetOf, type Labelled } from './personalizeDigits.ts';

export interface OnnxRow {
  /** Of the file on the held-out digits. */
  readonly accuracy: number;
  readonly bytes: number;
  readonly adaptMs: number;
}

/** How the main job shows a digit to the reader: dark on white, as print. */
const input = { size: [48, 48], channels: 3, inverted: 'yes', mean: 0.5, stdDev: 0.5 } as const;

/** `own` are digits that are not held out. */
export async function measureOnnx(own: Labelled, heldOut: Labelled, trainer: Trainer, seed: number): Promise<OnnxRow> {
  const model = await (await fetch('./models/ch_PP-OCRv4_rec_infer.onnx')).arrayBuffer();
  const startedAt = performance.now();
  const run = personalizeOnnx(model, { data: datasetOf(own), labels: LABELS, input, trainer, seed });
  const { onnx } = await run.done;
  const adaptMs = performance.now() - startedAt;
  return { accuracy: await accuracyOfFile(onnx, heldOut), bytes: onnx.byteLength, adaptMs };
}

/** As whoever is given the file runs it. */
async function accuracyOfFile(onnx: Uint8Array<ArrayBuffer>, { inputs, labels, size }: Labelled): Promise<number> {
  await using file = await loadTeacher(onnx, { name: 'digit reader', input }).done;
  const all: Record<string, NdArray> = {};
  for (const indices of batchIndices(size, file.description.batchSize ?? 32)) {
    const { logits } = await file.ask(pickRowsOfAll(inputs, indices));
    putRows(all, 'logits', logits as NdArray, indices[0] as number, size);
  }
  return scored('accuracy', all['logits'] as NdArray, labels);
}
