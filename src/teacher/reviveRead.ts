import { type ReadOutputs, type ReadSpec, sumOverTime } from './read.ts';
import { readSteps } from './readSteps.ts';

/** The reading that a spec describes. */
export function reviveRead(spec: ReadSpec): ReadOutputs {
  return spec.name === 'readSteps' ? readSteps(spec.options) : sumOverTime(spec.options);
}
