import { LimbeckError } from '../core/errors.ts';
import { checkTraining } from './checkAnswer.ts';
import { BENCH_SEED, studentOf, tokensOf } from './modelForms.ts';
import { openSubject } from './openSubject.ts';
import type { WorkloadName } from './report.ts';
import type { BenchTask } from './session/task.ts';
import type { Workload } from './workload.ts';

/** A workload of one training step with a loss. */
export function trainWorkload(name: WorkloadName, loss: Extract<BenchTask, { work: 'train' }>['loss']): Workload {
  return {
    name,
    suits: ({ student }) => student !== undefined,
    batch: ({ trainingBatch = 32 }) => trainingBatch,
    // The kernels on one thread are no independent witness; they tell what threads and levels change.
    references: () => ['tfjs-cpu', 'kernels:1:simd'],
    obstacle: ({ tfjs }) => (tfjs === undefined ? CANNOT : undefined),
    async open({ tfjs }, model, batch, signal) {
      if (tfjs === undefined) throw new LimbeckError('invalid-option', CANNOT);
      const student = await studentOf(model, signal);
      const task = { name: model.name, batch, seed: BENCH_SEED, shapes: model.inputs, tokens: tokensOf(student) };
      return openSubject({ ...task, work: 'train', loss, student, place: tfjs }, signal);
    },
    check: checkTraining,
  };
}

const CANNOT = 'onnxruntime-web does not train.';
