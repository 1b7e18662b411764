// What contracts check with, which run in vitest and in pages alike. Only contracts import this file.
import { LimbeckError } from './errors.ts';

export function bytes(...values: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values);
}

export function same(actual: Uint8Array | undefined, expected: Uint8Array | undefined, what = 'the value'): void {
  const at = expected?.findIndex((byte, i) => byte !== actual?.[i]);
  if (actual?.length === expected?.length && (at === undefined || at === -1)) return;
  throw new Error(
    `${what}: ${actual?.length ?? 'no'} bytes for ${expected?.length ?? 'no'}, first difference at ${at}`,
  );
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [is, shouldBe] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== shouldBe) throw new Error(`${what}: ${is} in place of ${shouldBe}`);
}

export async function throwsCode(code: string, work: () => Promise<unknown>): Promise<void> {
  const error = await work().then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof LimbeckError && error.code === code) return;
  throw new Error(`"${code}" should have been thrown, not: ${String(error)}`);
}
