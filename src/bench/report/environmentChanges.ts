import { percent } from '../../core/figures.ts';
import type { Environment } from '../environment.ts';

/** Facts whose change is told, and how. */
const FACTS: readonly { readonly name: string; readonly of: (environment: Environment) => string | undefined }[] = [
  { name: 'engine', of: ({ engine }) => engine },
  { name: 'system', of: ({ os }) => os },
  { name: 'processor', of: ({ processor }) => processor },
  { name: 'cores', of: ({ cores }) => String(cores) },
  { name: 'SIMD', of: ({ simdLevel }) => simdLevel },
  { name: 'isolation', of: ({ isIsolated }) => (isIsolated ? 'isolated' : 'not isolated') },
  { name: 'GPU', of: ({ gpu }) => gpu?.name ?? 'none' },
  { name: 'power', of: ({ power }) => power && (power.isCharging ? 'charging' : 'on battery') },
  { name: 'limbeck', of: ({ versions }) => versions.limbeck },
  { name: 'tfjs', of: ({ versions }) => versions.tfjs },
  { name: 'onnxruntime', of: ({ versions }) => versions.onnxruntime },
];

/** A smaller change of the measured peak is the machine's mood. */
const PEAK_CHANGE = 0.15;

/** What differs between two environments, such as 'engine: Chromium 155, then Chromium 156'. What only one tells is left out. */
export function environmentChanges(first: Environment, second: Environment): string[] {
  const facts = FACTS.flatMap(({ name, of }) => {
    const [before, after] = [of(first), of(second)];
    return before === undefined || after === undefined || before === after ? [] : [`${name}: ${before}, then ${after}`];
  });
  const change = (second.vectorPeakGflops ?? Number.NaN) / (first.vectorPeakGflops ?? Number.NaN) - 1;
  const isMuch = Math.abs(change) > PEAK_CHANGE && Number.isFinite(change);
  const peak = isMuch
    ? [`vector peak: ${percent(Math.abs(change))} ${change < 0 ? 'lower' : 'higher'} the second time`]
    : [];
  return [...facts, ...peak];
}

/** Engine without its version. */
const engineName = ({ engine }: Environment) => engine.replace(/[\s\d.]+$/, '');
const isUnlike = (one: unknown, other: unknown) => one !== undefined && other !== undefined && one !== other;

/** Whether both may be of one device, with an engine of one kind: as far as the platforms tell. */
export function isSameDevice(first: Environment, second: Environment): boolean {
  return !(
    engineName(first) !== engineName(second) ||
    first.cores !== second.cores ||
    isUnlike(systemName(first), systemName(second)) ||
    isUnlike(first.processor, second.processor)
  );
}

function systemName({ os }: Environment): string | undefined {
  return os?.replace(/ .*/, '');
}
