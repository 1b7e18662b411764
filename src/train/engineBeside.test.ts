import { describe, expect, test } from 'vitest';
import type { NamedArrays } from '../core/shape.ts';
import type { PortableStudent } from '../student/student.ts';
import type { TrainSource } from './engine.ts';
import { bytesOf, engineOn, holdout, problem, sourceOf } from './engineCases.ts';

describe.each(['cpu', 'wasm'] as const)('beside a training on %s', (backendName) => {
  const { engine, train } = engineOn(backendName);

  test.each([{}, { quantizationAware: true as const }])(
    'predicts between the steps of a training, and changes neither %o',
    async (how) => {
      const other: PortableStudent = { kind: 'artifacts', artifacts: (await train({ epochs: 1, seed: 9 })).artifacts };
      const inputs = { input: holdout.inputs };
      const alone = await engine.predict(other, inputs);
      const undisturbed = await train({ ...how, epochs: 2 });
      const source = sourceOf(problem);
      const beside: Promise<NamedArrays>[] = [];
      let isOver = false;
      let early = 0;
      const read: TrainSource['read'] = async (indices) => {
        const answer = engine.predict(other, inputs);
        answer.then(() => isOver || early++);
        beside.push(answer);
        // The step is not given its examples before the prediction is there: a deadlock, if it waited for the training.
        await answer;
        return source.read(indices);
      };
      const disturbed = await train({ ...how, epochs: 2 }, { ...source, read });
      isOver = true;
      expect(early).toBe(beside.length);
      expect(early).toBeGreaterThan(4);
      for (const answer of beside) expect((await answer)['logits']?.data).toEqual(alone['logits']?.data);
      expect(bytesOf(disturbed.artifacts)).toEqual(bytesOf(undisturbed.artifacts));
    },
  );

  test('a training that waits for another one is stopped at once', async () => {
    const source = sourceOf(problem);
    const controller = new AbortController();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = train({ epochs: 1 }, { ...source, read: (indices) => held.then(() => source.read(indices)) });
    const second = train({ epochs: 1 }, source, controller.signal);
    controller.abort(new Error('not any more'));
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    release();
    expect((await first).epochs).toHaveLength(1);
  });
});
