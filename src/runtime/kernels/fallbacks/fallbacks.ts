import type { Kernel } from '../kernel.ts';
import { channelsFirst } from './channelsFirst.ts';
import { corrections } from './corrections.ts';
import { forwarded } from './forwarded.ts';
import { unfused } from './unfused.ts';

/**
 * What lies between the kernels and tfjs-wasm: it answers where a kernel does not apply and tfjs-wasm would fail or be
 * wrong. A later one is asked before an earlier one.
 */
export function fallbacks(): readonly Kernel[] {
  return [...forwarded(), ...corrections(), ...channelsFirst(), ...unfused()];
}
