import type { Student } from '../student/student.ts';
import type { RoundRecord } from './records.ts';

/** What happened, as this client has seen it. */
export interface FederateReport {
  readonly federation: string;
  readonly client: string;
  readonly strategy: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  /** Of each round that is over: who contributed, who was left out and why, who is missing. Empty with `records: false`. */
  readonly rounds: readonly (RoundRecord & {
    /** On this client's holdout, if it was there. */
    readonly accuracy?: number;
  })[];
  /** The rounds in which this client's update was sent, and in which its work came too late. */
  readonly sent: readonly number[];
  readonly late: readonly number[];
  /** How many rounds each client has contributed to. */
  readonly contributions: Readonly<Record<string, number>>;
  /** Bytes of values and objects that this client has given to the transport and got from it. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly seed: number;
  readonly ms: number;
}

/** The student that was given, with the federation's weights. */
export interface Federated {
  readonly student: Student;
  readonly report: FederateReport;
}
