import { expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { createTfjsSession } from './tfjsSession.ts';

/** Layers that tfjs lacks. */
const broken = {
  kind: 'layers',
  student: {
    kind: 'artifacts',
    artifacts: { modelTopology: { class_name: 'X' }, weightSpecs: [], weightData: new ArrayBuffer(0) },
  },
} as const;

test.each([
  { what: 'teacher', code: 'teacher-failed', said: /^The tfjs model "x" could not be built/ },
  { what: 'student', code: 'student-invalid', said: /^The student could not be built/ },
] as const)('a $what that cannot be built is told by its own name', async ({ what, code, said }) => {
  await tf.setBackend('cpu');
  const opening = createTfjsSession().open(broken, { name: 'x', what });
  await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(said) });
});
