import { expect, test, vi } from 'vitest';
import { writeModel } from '../onnx/model.ts';
import { tinyClassifier } from '../onnx/tinyCases.ts';
import type { Engine } from './engine.ts';
import { loadStudent } from './loadStudent.ts';

/** Who asks for an engine waits until it is told that it is there. */
const waiting = vi.hoisted((): ((engine: Engine) => void)[] => []);

vi.mock('./openEngine.ts', () => ({
  openEngine: () => new Promise<Engine>((resolve) => waiting.push(resolve)),
}));

test('a load that is cancelled while the engine opens ends at once, and the engine when it is there', async () => {
  const controller = new AbortController();
  const loading = loadStudent(writeModel(tinyClassifier()), { signal: controller.signal });
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  controller.abort();
  await expect(loading).rejects.toMatchObject({ name: 'AbortError' });
  const end = vi.fn(async () => undefined);
  waiting[0]?.({ [Symbol.asyncDispose]: end } as unknown as Engine);
  await vi.waitFor(() => expect(end).toHaveBeenCalledOnce());
});
