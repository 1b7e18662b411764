import { expect, test } from 'vitest';
import * as tf from '../runtime/tf.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { openTfjsHere } from './tfjsHere.ts';

test('what tfjs says about a batch is told as the student’s fault', async () => {
  await tf.setBackend('cpu');
  const artifacts = await artifactsFrom(mlp({ inputShape: [4], classes: 2, hidden: [3] }), 'build');
  const engine = await openTfjsHere(artifacts, { name: 'tiny' });
  const [input] = Object.keys(engine.opened.inputs) as [string];
  const ask = (width: number) => engine.run({ [input]: { data: new Float32Array(width), shape: [1, width] } });
  expect((await ask(4))['logits']?.shape).toEqual([1, 2]);
  await expect(ask(5)).rejects.toMatchObject({
    code: 'student-invalid',
    message: expect.stringMatching(/^The student failed on a batch: /),
  });
  await engine.end();
  await expect(ask(4)).rejects.toMatchObject({ code: 'disposed' });
  expect(tf.memory().numTensors).toBe(0);
});
