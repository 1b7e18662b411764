import type { WorkloadName } from './report.ts';
import type { Workload } from './workload.ts';
import { inference } from './workloads/inference.ts';

/** All workloads by name. */
export const workloads = { inference } as unknown as Readonly<Record<WorkloadName, Workload>>;
