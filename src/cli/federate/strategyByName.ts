import type { Strategy } from '../../federate/strategy.ts';
import { jsonOption } from '../examples/teacherInput.ts';

export const STRATEGIES = [
  'fedAvg',
  'fedProx',
  'fedAdam',
  'fedYogi',
  'fedDf',
  'fedMd',
  'fedGkt',
  'personalHead',
  'sharedPatch',
] as const;

/** Throws    invalid-option: options that it does not take */
export async function strategyByName(
  name: (typeof STRATEGIES)[number] | undefined,
  options: string | undefined,
): Promise<Strategy> {
  const strategies = await import('../../federate/strategies/all.ts');
  const make = strategies[name ?? 'fedAvg'] as (options: object) => Strategy;
  return make(options === undefined ? {} : jsonOption('--strategy-options', options));
}
