import { describe, expect, test } from 'vitest';
import { expectUndisturbed } from './asideCases.ts';
import { engineOn, problem, sourceOf } from './engineCases.ts';

describe.each(['cpu', 'wasm'] as const)('during a training on %s', (backendName) => {
  const here = engineOn(backendName);
  const { train } = here;

  test('predicts between the steps of a training, and changes neither', () => expectUndisturbed(here, {}));

  test('a training that waits for another can be stopped at once', async () => {
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
