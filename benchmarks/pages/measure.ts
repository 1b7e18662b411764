// The page of benchmarks whose sides are workers or processes alone: it starts them, asks them, and measures them.
import { besideSide, measureRuns, type RunSettings, type Side, subjectOf, workerSide } from './sides.ts';

/** A side, by the script of its worker; without one it is beside the browser. */
interface Place {
  readonly name: string;
  readonly script?: string;
}

interface Row {
  readonly key: string;
  readonly place: Place;
  readonly request: object;
}

const sides = new Map<string, Side>();

/** It is started by the first question. */
function sideOf({ name, script }: Place): Side {
  const side = sides.get(name) ?? (script === undefined ? besideSide(name) : workerSide(script));
  sides.set(name, side);
  return side;
}

const ask = (place: Place, request: object) => sideOf(place).ask(request);

const measure = (rows: readonly Row[], settings: RunSettings) =>
  measureRuns(
    rows.map(({ key, place, request }) => ({ key, subject: subjectOf(sideOf(place), request) })),
    settings,
  );

Object.assign(globalThis, { bench: { ask, measure } });
