import { median } from '../core/stats.ts';
import { yieldToEvents } from '../core/yield.ts';
import { hostedUrl, loadShipped } from '../runtime/assets.ts';

/** Shipped beside the code; each is one literal expression, because bundlers recognise assets only in this form. */
const MODULES = {
  relaxed: () => new URL('./peak-relaxed.wasm', import.meta.url).href,
  simd: () => new URL('./peak-simd.wasm', import.meta.url).href,
};

/** Operations of one round of `wasm/peak`: 96 multiply-adds. */
const ROUND_OPERATIONS = 192;
/** A slice is long enough for the clock to tell its length within a twentieth, and short enough for a page to stay alive. */
const LEAST_SLICE_MS = 2;
const STEPS_OF_SLICE = 20;
const SLICES = 15;
const MOST_ROUNDS = 2 ** 30;

/**
 * What one core does at most with the vectors of WebAssembly: twelve independent chains of multiply-adds that stay in registers,
 * timed in short slices between which events are served.
 * Units     10⁹ operations a second; a multiply-add counts as two
 * Throws    backend-unavailable: the module cannot be fetched · CompileError: a content security policy forbids WebAssembly
 */
export async function vectorPeak(
  simdLevel: keyof typeof MODULES,
  clockMs: number,
  assetBase?: string,
): Promise<number> {
  const bytes = await loadShipped(hostedUrl(`peak-${simdLevel}.wasm`, assetBase) ?? MODULES[simdLevel]());
  const { instance } = await WebAssembly.instantiate(bytes);
  const multiplyAdds = instance.exports['multiplyAdds'] as (rounds: number, x: number) => number;
  const msOf = (rounds: number) => {
    const startedAt = performance.now();
    multiplyAdds(rounds, 0.5);
    return performance.now() - startedAt;
  };
  const sliceMs = Math.max(LEAST_SLICE_MS, STEPS_OF_SLICE * clockMs);
  let rounds = 1024;
  while (msOf(rounds) < sliceMs && rounds < MOST_ROUNDS) rounds *= 2;
  const rates: number[] = [];
  for (let i = 0; i < SLICES; i++) {
    await yieldToEvents();
    rates.push((rounds * ROUND_OPERATIONS) / msOf(rounds) / 1e6);
  }
  return median(rates);
}
