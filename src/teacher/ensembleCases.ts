import { vi } from 'vitest';
import type { NamedArrays } from '../core/shape.ts';
import type { Teacher, TeacherDescription } from './teacher.ts';

export const array = (values: readonly number[], ...shape: number[]) => ({ data: Float32Array.from(values), shape });
export const inputs: NamedArrays = { x: array([1, 2], 2, 1) };
export const description: TeacherDescription = {
  name: 'a',
  bytes: 10,
  device: 'wasm',
  threads: 2,
  batchSize: 16,
  identity: 'id-a',
  inputs: { x: [null, 1] },
  outputs: { logits: [null, 2] },
  notices: [],
};

/** A teacher that always gives the same. */
export function fixed(
  outputs: NamedArrays,
  change: Partial<Teacher> = {},
  own: Partial<TeacherDescription> = {},
): Teacher {
  return {
    description: { ...description, ...own },
    ask: vi.fn(async () => outputs),
    timeMs: async (_inputs, repeats) => Array.from({ length: repeats }, (_, i) => i + 1),
    [Symbol.asyncDispose]: vi.fn(async () => undefined),
    ...change,
  };
}

export const logits = (values: readonly number[], ...shape: number[]) => fixed({ logits: array(values, ...shape) });
