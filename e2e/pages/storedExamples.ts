// Many examples in a store, and a run over them; how much memory that holds.
import { crossEntropy, distill, type LabelledExamples, mlp, openStore, openTrainer, storeExamples } from 'limbeck';

const PART = 500;
const SHAPE = [28, 28, 1];

declare global {
  interface Performance {
    measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
  }
}

/** Pictures whose brighter half is their label. */
async function* pictures(count: number): AsyncGenerator<LabelledExamples> {
  let state = 1;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const size = 28 * 28;
  for (let from = 0; from < count; from += PART) {
    const data = new Uint8Array(PART * size);
    const labels = Int32Array.from({ length: PART }, () => below(2));
    for (let i = 0; i < data.length; i++) {
      const isBright = Number((i % size) / size >= 0.5) === labels[Math.floor(i / size)];
      data[i] = below(isBright ? 256 : 128);
    }
    yield { inputs: { input: { data, shape: [PART, ...SHAPE] } }, labels };
  }
}

/** Bytes of this page and its workers after a collection. */
async function heldBytes(): Promise<number> {
  return (await performance.measureUserAgentSpecificMemory()).bytes;
}

/** Stores so many pictures and trains over them: the bytes held in the middle of the run, and how well it ended. */
export async function trainStored(count: number) {
  await using store = await openStore(`many-${count}`);
  await using trainer = await openTrainer();
  const data = await storeExamples(store, 'pictures', pictures(count));
  const held: number[] = [];
  const run = distill({
    student: mlp({ inputShape: SHAPE, hidden: [16], classes: 2 }),
    ...{ data, trainer, loss: crossEntropy(), epochs: 2, batchSize: 250 },
  });
  let [steps, asked] = [0, false];
  for await (const event of run) {
    if (event.type === 'step') steps++;
    if (event.type !== 'epoch' || asked) continue;
    asked = true;
    held.push(await heldBytes());
  }
  const { report } = await run.done;
  return { kind: store.kind, size: data.size, steps, held, loss: report.epochs.at(-1)?.loss };
}
