import { LimbeckError, loadTeacher } from 'limbeck';
import { mutated } from '../../src/onnx/cases/mutatedCases.ts';
import { TINY_MODELS } from '../../src/onnx/cases/tinyCases.ts';
import { prepareModel } from '../../src/onnx/edit/prepare.ts';
import { writeModel } from '../../src/onnx/model.ts';

export interface Outcome {
  readonly source: string;
  readonly seed: number;
  readonly how: string;
  /** Whether limbeck's own check lets it through to onnxruntime. */
  readonly isChecked: boolean;
  readonly end: 'loaded' | 'refused' | 'hung' | 'not typed';
  readonly error?: string;
  readonly ms: number;
}

/**
 * Loads mutations of a model, one after the other, until `count` were loaded: `checked` of them such that onnxruntime
 * gets to see them, the others such that the check refuses them. `source` is a tiny model's name or an address.
 */
export async function loadMutated(
  source: string,
  { from = 0, count, checked, limitMs }: { from?: number; count: number; checked: number; limitMs: number },
): Promise<Outcome[]> {
  const original = await readSource(source);
  const outcomes: Outcome[] = [];
  const left = { checked, refused: count - checked };
  for (let seed = from; left.checked + left.refused > 0; seed++) {
    const { bytes, how } = mutated(original, seed);
    const isChecked = isAccepted(bytes);
    const kind = isChecked ? 'checked' : 'refused';
    if (left[kind] === 0) continue;
    left[kind]--;
    const start = performance.now();
    const end = await load(bytes, limitMs);
    outcomes.push({ source, seed, how, isChecked, ...end, ms: performance.now() - start });
    if (end.end === 'hung') break;
  }
  return outcomes;
}

async function load(bytes: Uint8Array, limitMs: number): Promise<Pick<Outcome, 'end' | 'error'>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<'hung'>((resolve) => {
    timer = setTimeout(() => resolve('hung'), limitMs);
  });
  try {
    const teacher = await Promise.race([loadTeacher(bytes, { name: 'mutated.onnx' }).done, limit]);
    if (teacher === 'hung') return { end: 'hung' };
    await teacher[Symbol.asyncDispose]();
    return { end: 'loaded' };
  } catch (error) {
    return error instanceof LimbeckError
      ? { end: 'refused', error: error.code }
      : { end: 'not typed', error: String(error) };
  } finally {
    clearTimeout(timer);
  }
}

async function readSource(source: string): Promise<Uint8Array> {
  const make = TINY_MODELS[source as keyof typeof TINY_MODELS];
  if (make !== undefined) return writeModel(make());
  return new Uint8Array(await (await fetch(source)).arrayBuffer());
}

function isAccepted(bytes: Uint8Array): boolean {
  try {
    prepareModel(bytes, { name: 'mutated.onnx' });
    return true;
  } catch {
    return false;
  }
}
