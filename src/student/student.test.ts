import { describe, expect, test } from 'vitest';
import { designedStudent, parameterCount, type StudentArtifacts, studentFromArtifacts } from './student.ts';

const saved: StudentArtifacts = {
  modelTopology: {},
  weightSpecs: [
    { name: 'kernel', shape: [3, 3, 1, 16], dtype: 'float32' },
    { name: 'bias', shape: [16], dtype: 'float32' },
    { name: 'step', shape: [], dtype: 'float32' },
  ],
  weightData: new ArrayBuffer(4 * (144 + 16 + 1)),
};

describe('a student as a handle', () => {
  test('is a design until it is trained, and weights from then on', async () => {
    const student = designedStudent('cnn', { classes: 3 });
    expect(student.artifacts).toBeUndefined();
    expect(await student.portable()).toEqual({ kind: 'design', design: 'cnn', options: { classes: 3 } });
    await student.adopt(saved);
    expect(student.artifacts).toBe(saved);
    expect(await student.portable()).toEqual({ kind: 'artifacts', artifacts: saved });
  });

  test('has weights at once where they were saved', async () => {
    const student = studentFromArtifacts('mine', saved);
    expect(student.name).toBe('mine');
    expect(student.artifacts).toBe(saved);
    expect(await student.portable()).toEqual({ kind: 'artifacts', artifacts: saved });
  });

  test('has as many parameters as its shapes hold', () => {
    expect(parameterCount(saved)).toBe(161);
    expect(parameterCount({ ...saved, weightSpecs: [] })).toBe(0);
  });
});
