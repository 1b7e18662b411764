import type { Loss } from './loss.ts';

/** A loss as plain values: what crosses to a worker. */
export interface LossSpec {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly terms: readonly LossSpec[];
}

/** The loss behind a spec that never left its thread. A spec that crossed to a worker is a copy, and is not here. */
const origins = new WeakMap<LossSpec, Loss>();

export function specOf(loss: Loss): LossSpec {
  const spec = { name: loss.name, options: loss.options, terms: (loss.terms ?? []).map(specOf) };
  origins.set(spec, loss);
  return spec;
}

/** The loss that a spec was made of, on the thread where it was made. */
export function originOf(spec: LossSpec): Loss | undefined {
  return origins.get(spec);
}
