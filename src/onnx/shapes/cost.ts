/** Multiply-adds of some nodes: those that could be counted, and how many nodes could not be. */
export interface Cost {
  readonly counted: number;
  readonly uncounted: number;
}

export const NO_COST: Cost = { counted: 0, uncounted: 0 };
export const UNCOUNTED: Cost = { counted: 0, uncounted: 1 };

export function plusCost(a: Cost, b: Cost): Cost {
  return { counted: a.counted + b.counted, uncounted: a.uncounted + b.uncounted };
}

/** What one of two branches costs at most. */
export function dearerCost(a: Cost, b: Cost): Cost {
  return { counted: Math.max(a.counted, b.counted), uncounted: Math.max(a.uncounted, b.uncounted) };
}

/** The cost of a body that runs so many times; a body that costs anything cannot be counted without that number. */
export function repeatedCost(body: Cost, times: number | undefined): Cost {
  if (body.counted === 0 && body.uncounted === 0) return NO_COST;
  if (times === undefined) return { counted: 0, uncounted: Math.max(1, body.uncounted) };
  return { counted: body.counted * times, uncounted: body.uncounted };
}
