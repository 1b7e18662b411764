// The page of scripts/engines/starting.mjs: teachers on onnxruntime, each on two threads, one after the other. It tells in `started` how far it is.
import { loadTeacher } from 'limbeck';

interface Started {
  readonly state: 'starts' | 'answered' | 'failed';
  readonly threads?: readonly number[];
  readonly why?: string;
}

/** What is kept by chance the first time is not kept each time. */
const TIMES = 4;

const tell = (started: Started) => Object.assign(globalThis, { started });

tell({ state: 'starts' });
askEach('/small.onnx').then(
  (threads) => tell({ state: 'answered', threads }),
  (error) => tell({ state: 'failed', why: String(error) }),
);

/** The threads that each had, after it answered. */
async function askEach(url: string): Promise<number[]> {
  const threads: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    await using teacher = await loadTeacher(url, { device: 'wasm', threads: 2 }).done;
    await teacher.ask({ input: { data: new Float32Array(4), shape: [1, 4] } });
    threads.push(teacher.description.threads);
  }
  return threads;
}
