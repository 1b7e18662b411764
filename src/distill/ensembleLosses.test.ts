import { expect, test } from 'vitest';
import { weighted } from '../losses/combination/weighted.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import { ensemble } from '../teacher/ensemble.ts';
import { fromFunction } from '../teacher/fromFunction.ts';
import golden from '../teacher/golden/ensemble.json' with { type: 'json' };

const cases = golden.cases.flatMap(({ losses, ...one }) => (losses === undefined ? [] : [{ ...one, ...losses }]));

test.each(cases)('the mean of the losses is PyTorch’s: $shape, weights $weights, scale $scale', async (one) => {
  await tf.setBackend('cpu');
  const members = one.members.map((values) => {
    const data = Float32Array.from(values, (k) => (one.scale * k) / 16);
    return fromFunction(() => ({ logits: { data, shape: one.shape } }), { name: 'fixed' });
  });
  const inputs = { x: { data: new Float32Array(one.shape[0] ?? 0), shape: [one.shape[0] ?? 0] } };
  const answer = await ensemble(members, { mean: 'losses' }).ask(inputs);
  const sum = one.weights.reduce((total, weight) => total + weight, 0);
  const loss = weighted(
    one.temperatures.map((temperature, i) => ({
      loss: softTargets({ temperature, teacherOutput: `logits@${i}` }),
      weight: (one.weights[i] ?? 0) / sum,
    })),
  );
  const read = one.weights.flatMap((weight, i) => (weight > 0 ? [`logits@${i}`] : []));
  expect(loss.reads).toEqual({ student: ['logits'], teacher: read, labels: false });

  const { value, gradient } = tf.tidy(() => {
    const teacher = Object.fromEntries(
      Object.entries(answer).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
    );
    const student = tf.tensor(
      one.student.map((k) => k / 16),
      one.shape,
    );
    const compute = (logits: tf.Tensor) => loss.compute(tf, { student: { logits }, teacher });
    const result = tf.valueAndGrad(compute)(student);
    return { value: result.value.dataSync()[0] ?? Number.NaN, gradient: result.grad.dataSync() };
  });
  expect(Math.abs(value - one.loss)).toBeLessThan(1e-5 * Math.max(1, one.loss));
  for (const [i, needed] of one.gradient.entries()) {
    const error = Math.abs((gradient[i] ?? Number.NaN) - needed);
    expect(error, `value ${i}`).toBeLessThan(1e-5 * Math.max(1, Math.abs(needed)));
  }
});
