import { seededRandom } from '../../core/random.ts';
import type { NdArray } from '../../core/shape.ts';
import type { LoadedStudent } from '../loadedStudent.ts';

/** A student that computes: `logit` of a window for the second of two classes, of which the first has 0. */
export function hearingStudent(shape: readonly number[], logit: (window: Float32Array) => number) {
  const asked: number[] = [];
  const description = { name: 'ears', inputs: { input: [null, ...shape] } } as unknown as LoadedStudent['description'];
  const predict = async (inputs: unknown) => {
    const { data, shape: given } = (inputs as { input: NdArray }).input;
    const count = given[0] as number;
    const size = data.length / count;
    asked.push(count);
    const logits = new Float32Array(2 * count);
    for (let i = 0; i < count; i++)
      logits[2 * i + 1] = logit((data as Float32Array).subarray(i * size, (i + 1) * size));
    return { outputs: { logits: { data: logits, shape: [count, 2] } } };
  };
  return { student: { description, predict } as unknown as LoadedStudent, asked };
}

export const loudness = (window: Float32Array): number =>
  Math.sqrt(window.reduce((sum, x) => sum + x * x, 0) / window.length);

/** Faint noise with bursts of a tone: [start, end] in seconds. */
export function bursts(seconds: number, at: readonly (readonly [number, number])[], sampleRate = 16_000): Float32Array {
  const random = seededRandom(2);
  return Float32Array.from({ length: Math.round(seconds * sampleRate) }, (_, i) => {
    const t = i / sampleRate;
    const isOn = at.some(([from, to]) => t >= from && t < to);
    return 0.01 * (random() - 0.5) + (isOn ? 0.5 * Math.sin(2 * Math.PI * 440 * t) : 0);
  });
}
