// A trainer whose kernel thread dies: by a trap in its first job, or silently in the middle of a run.
import { distill, fromArrays, fromFunction, mlp, type NamedArrays, ndArray, openTrainer } from 'limbeck';

/**
 * A limbeck worker whose helper can be killed, or works on memory that does not exist. Its clock runs thirty times as fast,
 * so that the 30 s of patience pass in a few seconds.
 */
function fragileWorker(isTrapping: boolean): Worker {
  const script = `
    const helpers = [];
    const now = performance.now.bind(performance);
    performance.now = () => 30 * now();
    const Native = Worker;
    globalThis.Worker = class extends Native {
      constructor(url, options) {
        super(url, options);
        if (options?.name === 'limbeck-thread') helpers.push(this);
      }
      postMessage(message, ...rest) {
        if (${isTrapping} && message.work) message.work.scratch = 0x7f000000;
        super.postMessage(message, ...rest);
      }
    };
    new BroadcastChannel('kill').onmessage = () => helpers.at(-1).terminate();
    await import('${location.origin}/worker.js');`;
  return new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), { type: 'module' });
}

const EXAMPLES = 64;
const WIDTH = 256;

/** Trains twice with one trainer whose helper dies during the first run; returns how both ended. */
export async function trainWithout(how: 'trap' | 'silence') {
  await using trainer = await openTrainer({ threads: 2, worker: () => fragileWorker(how === 'trap') });
  const kill = new BroadcastChannel('kill');
  const teacher = fromFunction(
    (inputs: NamedArrays) => {
      const rows = Object.values(inputs)[0]?.shape[0] ?? 0;
      return {
        logits: ndArray(
          Float32Array.from({ length: rows * 3 }, (_, i) => Math.cos(i)),
          [rows, 3],
        ),
      };
    },
    { name: 'waves', batchSize: 32 },
  );
  const x = Float32Array.from({ length: EXAMPLES * WIDTH }, (_, i) => Math.sin(12.9898 * i));
  const data = fromArrays({ x: ndArray(x, [EXAMPLES, WIDTH]) });
  const student = mlp({ inputShape: [WIDTH], classes: 3, hidden: [WIDTH] });

  async function run(epochs: number) {
    const notices: string[] = [];
    const job = distill({ teacher, data, student, trainer, epochs, batchSize: 32, seed: 1 });
    try {
      for await (const event of job) {
        if (event.type === 'notice') notices.push(event.message);
        if (how === 'silence' && event.type === 'epoch' && event.epoch === 3) kill.postMessage(0);
      }
      return { notices, code: undefined, message: undefined };
    } catch (error) {
      return { notices, code: (error as { code?: string }).code ?? String(error), message: String(error) };
    }
  }
  const first = await run(2000);
  const kept = student.artifacts?.weightData.byteLength;
  const areFinite = new Float32Array(student.artifacts?.weightData ?? new ArrayBuffer(0)).every(Number.isFinite);
  return { threads: trainer.description.threads, first, kept, areFinite, second: await run(2) };
}
