import type { SimdLevel } from '../runtime/capabilities.ts';

/** Where a report was made. What cannot be known is left out. */
export interface Environment {
  /** Such as 'Chromium 156', 'Firefox 140', 'Node 20.19'. */
  readonly engine: string;
  readonly os?: string;
  readonly processor?: string;
  readonly cores: number;
  readonly isIsolated: boolean;
  readonly simdLevel: SimdLevel;
  /** Multiply-adds of one core with the vectors of WebAssembly, measured, in units of 10⁹ operations (two each) a second. */
  readonly vectorPeakGflops?: number;
  /** Steps of the clock, in milliseconds. */
  readonly clockMs: number;
  readonly gpu?: {
    readonly name: string;
    readonly isSoftware: boolean;
    readonly limits: Readonly<Record<string, number>>;
    readonly features: readonly string[];
  };
  readonly memoryBytes?: number;
  readonly power?: { readonly isCharging: boolean; readonly levelFraction: number };
  readonly versions: { readonly limbeck: string; readonly tfjs?: string; readonly onnxruntime?: string };
  /** A sentence for everything that the platform withholds. */
  readonly why: Readonly<Record<string, string>>;
}
