import type { WorkloadName } from './report.ts';
import type { Workload } from './workload.ts';
import { coldStart } from './workloads/coldStart.ts';
import { distillationStep } from './workloads/distillationStep.ts';
import { inference } from './workloads/inference.ts';
import { memory } from './workloads/memory.ts';
import { personalization } from './workloads/personalization.ts';
import { trainStep } from './workloads/trainStep.ts';

/** All workloads by name. */
export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  inference,
  'train-step': trainStep,
  'distillation-step': distillationStep,
  personalization,
  'cold-start': coldStart,
  memory,
};
