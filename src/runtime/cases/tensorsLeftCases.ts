// Only tests import this file.
import { afterEach, beforeEach, expect } from 'vitest';
import * as tf from '../tf.ts';

/** Each test of the file, or of the group, ends with as many tensors as there were; `clean` frees what tfjs itself leaves. */
export function expectNoTensorsLeft(clean: () => void = () => {}): void {
  let tensorsBefore = 0;
  beforeEach(() => {
    clean();
    tensorsBefore = tf.memory().numTensors;
  });
  afterEach(() => {
    clean();
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });
}
