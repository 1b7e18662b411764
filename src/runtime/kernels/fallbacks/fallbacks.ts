import type { Kernel } from '../kernel.ts';
import { channelsFirst } from './channelsFirst.ts';
import { corrections } from './corrections.ts';
import { forwarded } from './forwarded.ts';
import { unfused } from './unfused.ts';

/**
 * Runs if a kernel does not apply and tfjs-wasm would fail or be wrong. A later entry takes precedence over an earlier
 * one.
 */
export function fallbacks(): readonly Kernel[] {
  return [...forwarded(), ...corrections(), ...channelsFirst(), ...unfused()];
}
