import type { BenchmarkOptions } from '../../bench/benchmarkOptions.ts';
import type { BenchRow, WorkloadName } from '../../bench/report.ts';
import type { BenchModel } from '../../bench/subject.ts';
import { LimbeckError } from '../../core/errors.ts';
import { checkCount } from '../../core/options.ts';
import { numberOf, pairs } from '../arguments.ts';
import { ENGINES, type EngineKind } from '../findBrowser.ts';

/** What is measured, wherever it is. */
export interface BenchSettings {
  /** The ONNX file that the only model of the options is. */
  readonly modelFile?: string;
  /** Without models it is the standard set that is measured. */
  readonly options: Omit<BenchmarkOptions, 'signal' | 'models'> & { readonly models?: readonly BenchModel[] };
}

/** A row as far as progress shows it. */
export type ShownRow = Pick<BenchRow, 'model' | 'backend' | 'threads' | 'batch' | 'medianMs'> & {
  readonly workload: string;
  readonly doneFraction: number;
};

/** Where it is measured: here, in a browser of this machine, in one that listens at an address, or in one that somebody opens. */
export type Place = 'node' | 'open' | EngineKind | { readonly address: string };

interface Given {
  readonly backends: string | undefined;
  readonly workloads: string | undefined;
  readonly batches: string | undefined;
  readonly input: readonly string[];
  readonly budget: string | undefined;
  readonly rounds: string | undefined;
  readonly seed: string | undefined;
}

const words = (text: string | undefined) =>
  text?.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]));

/** Throws    invalid-option */
export function benchSettings(file: string | undefined, given: Given): BenchSettings {
  const { backends, workloads, batches, input, budget, rounds, seed } = given;
  if (file === undefined && input.length > 0) {
    throw new LimbeckError('invalid-option', '--input says the shape of a model’s input; give the model too.');
  }
  const named = words(workloads) as readonly WorkloadName[] | undefined;
  const sizes = words(batches);
  return {
    ...(file !== undefined && { modelFile: file }),
    options: {
      ...(file !== undefined && { models: [modelOf(file, input)] }),
      ...(named !== undefined && { workloads: named }),
      ...(backends !== undefined && { backends: words(backends) ?? [] }),
      ...(sizes !== undefined && { batchSizes: batches === 'best' ? 'best' : sizes.map(numberOf) }),
      ...(budget !== undefined && { budgetMs: durationMs(budget, '--budget') }),
      ...(rounds !== undefined && { mostRounds: numberOf(rounds) }),
      ...(seed !== undefined && { seed: numberOf(seed) }),
    },
  };
}

function modelOf(file: string, input: readonly string[]): BenchModel {
  const inputs = pairs('--input', input, (text) =>
    text.split(',').map((length) => checkCount(numberOf(length), '--input')),
  );
  const name = file.replace(/^.*[\\/]/, '').replace(/\.onnx$/i, '') || file;
  return { name, onnx: file, ...(input.length > 0 && { inputs }) };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, m: 60_000 };

/** "60s", "500ms", "2min". Throws    invalid-option */
export function durationMs(text: string, option: string): number {
  const [, digits = '', unit = ''] = /^\s*([\d.]+)\s*(ms|s|min|m)\s*$/.exec(text) ?? [];
  const value = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (digits !== '' && Number.isFinite(value) && value > 0) return value;
  throw new LimbeckError('invalid-option', `${option} was "${text}"; it must be a time such as 60s, 500ms or 2min.`);
}

/** "5%", "0.05". Throws    invalid-option */
export function fractionOf(text: string, option: string): number {
  const [, digits = '', percent = ''] = /^\s*([\d.]+)\s*(%?)\s*$/.exec(text) ?? [];
  const value = Number(digits) / (percent === '' ? 1 : 100);
  if (digits !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new LimbeckError('invalid-option', `${option} was "${text}"; it must be a fraction such as 5% or 0.05.`);
}

/** Throws    invalid-option */
export function placesOf(given: string | undefined): readonly Place[] {
  const places = (words(given) ?? ['node']).map((word): Place => {
    if (word === 'node' || word === 'open' || ENGINES.some((engine) => engine === word)) return word as Place;
    if (/^https?:\/\/[^/\s]+\/?$/.test(word)) return { address: word };
    throw new LimbeckError(
      'invalid-option',
      `--browser named "${word}"; it takes node, ${ENGINES.join(', ')}, open, or the address of a debugger such as http://127.0.0.1:9222.`,
    );
  });
  const names = places.map(placeName);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (places.length > 0 && twice === undefined) return places;
  throw new LimbeckError('invalid-option', `--browser names ${twice === undefined ? 'none' : `"${twice}" twice`}.`);
}

/** A word for a file's name and a bar. */
export function placeName(place: Place): string {
  return typeof place === 'string' ? place : new URL(place.address).host.replace(/[^\w.-]/g, '-');
}
