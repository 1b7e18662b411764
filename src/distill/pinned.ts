import { LimbeckError } from '../core/errors.ts';
import type { DistillOptions } from './distillOptions.ts';
import type { ReproducibleWith } from './report.ts';

/** The options with what `reproduce` says where they leave it open. Throws    invalid-option: it is not what a report says */
export function asPinned(options: DistillOptions): DistillOptions {
  const { reproduce, trainer } = options;
  if (reproduce === undefined) return options;
  if (!isReproducibleWith(reproduce)) {
    throw new LimbeckError(
      'invalid-option',
      '"reproduce" must be what the report of a run says under "reproducibleWith".',
      { details: { name: 'reproduce' } },
    );
  }
  const { seed, order, teacher } = reproduce;
  const { backend, threads, simdLevel } = reproduce.trainer;
  return {
    seed,
    batchSize: order.batchSize,
    epochs: order.epochs,
    ...(teacher && { teacherBatchSize: teacher.batchSize }),
    ...options,
    trainer: trainer !== undefined && 'train' in trainer ? trainer : { backend, threads, simdLevel, ...trainer },
  };
}

function isReproducibleWith(given: Partial<ReproducibleWith> | null): given is ReproducibleWith {
  const { seed, order, trainer, teacher, versions } = given ?? {};
  const counts = [seed, order?.batchSize, order?.epochs, ...(teacher ? [teacher.batchSize] : [])];
  return typeof trainer?.threads === 'number' && typeof versions === 'object' && counts.every(Number.isInteger);
}
