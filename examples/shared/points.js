// What the examples share: a teacher that knows which points lie inside a circle, a student that learns it, and a person's own points.
import { distill, fromArrays, fromFunction, mlp, ndArray, openProfile, openStore } from 'limbeck';

export const LABELS = ['inside', 'outside'];

const RADIUS = 0.3;
const EXAMPLES = 512;

/** Any function may teach; in an app this would be `await loadTeacher('/teacher.onnx').done`. */
const teacher = fromFunction(
  async ({ point }) => {
    const [rows] = point.shape;
    const logits = new Float32Array(rows * 2);
    for (let i = 0; i < rows; i++) {
      const [x, y] = [point.data[2 * i] - 0.5, point.data[2 * i + 1] - 0.5];
      const inside = 40 * (RADIUS - Math.hypot(x, y));
      logits.set([inside, -inside], 2 * i);
    }
    return { logits: ndArray(logits, [rows, 2]) };
  },
  { name: 'circle' },
);

/** A grid over the unit square, unevenly spaced. */
const points = Float32Array.from(
  { length: 2 * EXAMPLES },
  (_, i) => Math.abs(Math.sin(12.9898 * (i + 1)) * 43758.5453) % 1,
);

/**
 * Starts to distil a new student. `run` gives events, can be cancelled and ends as `run.done`. The same seed gives the same
 * student, bit for bit, so that a profile made for it fits after a reload.
 */
export function learnPoints(epochs = 60) {
  const student = mlp({ inputShape: [2], classes: LABELS.length, hidden: [32] });
  const data = fromArrays({ point: ndArray(points, [EXAMPLES, 2]) });
  const run = distill({ teacher, student, data, epochs, batchSize: 32, seed: 1, optimizer: { learningRate: 0.01 } });
  return { student, run, epochs };
}

/** What one person teaches the student; kept in this browser. Dispose it when the component goes. */
export async function openMine(student) {
  const store = await openStore('limbeck-example');
  const profile = await openProfile(store, student, { labels: LABELS, newLabels: 'allowed' });
  return {
    read: ([x, y]) => profile.predict(exampleOf(x, y)),
    /** Resolves once it is kept; the profile learns from it while the page is idle. */
    teach: ([x, y], label) => profile.teach(exampleOf(x, y), label),
    /** Calls back when something was learned, here or in another tab; the result stops that. */
    watch: (onChange) => profile.watch(onChange),
    async [Symbol.asyncDispose]() {
      await profile[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

const exampleOf = (x, y) => ndArray(Float32Array.of(x, y), [2]);
