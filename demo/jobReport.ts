import type { StudentFiles, TeacherDescription } from 'limbeck';

/** The results of the main job: `out/report.json`. Accuracies are fractions; NaN, or null in JSON, where there are no labels. */
export interface JobReport {
  /** What one example is called, and the classes by name; left out by the runs of earlier versions, which read digits. */
  readonly noun?: string;
  readonly labels?: readonly string[];
  readonly seed: number;
  readonly backend: string;
  readonly threads: number;
  readonly simdLevel: string;
  readonly isIsolated: boolean;
  readonly notices: readonly string[];
  readonly examples: { readonly learned: number; readonly heldOut: number };
  readonly teacher: {
    readonly name: string;
    readonly accuracy: number;
    readonly bytes: number;
    readonly msPerExample: Readonly<Record<string, number>>;
    /** When an earlier run measured `msPerExample`; left out if this run did. */
    readonly measuredAt?: string;
    readonly threads: number;
    /** Batches it computed, examples in them, and examples whose answer was kept from an earlier run. */
    readonly usage: { readonly calls: number; readonly computed: number; readonly found: number };
    readonly device: string;
    readonly batchSize: number | undefined;
    /** What it measured for each batch size. */
    readonly batchFigures?: TeacherDescription['batchFigures'];
    readonly why: string | undefined;
  };
  readonly student: {
    readonly name: string;
    readonly accuracy: number;
    readonly agreement: number;
    readonly bytes: number;
    readonly parameters: number;
    readonly msPerExample: Readonly<Record<string, number>>;
  };
  /** The student as other engines run it, by form: tfjs, and in onnxruntime-web onnx, int8 and float16. */
  readonly forms?: Readonly<Record<string, FormFigures>>;
  readonly epochs: readonly {
    readonly epoch: number;
    readonly loss: number;
    readonly accuracy: number;
    readonly agreement: number;
    readonly ms: number;
  }[];
  /** Share of the shorter working time in which the other worked too, in the first epoch. */
  readonly overlapFraction: number;
  /** One after the other: `teacher` until its last answer, while the student learns too; `train` the rest of the epochs. */
  readonly timeMs: {
    readonly setup: number;
    readonly load: number;
    readonly teacher: number;
    readonly train: number;
    readonly evaluate: number;
    readonly total: number;
  };
  readonly longestMainThreadTaskMs: number;
  readonly heapBytes: number;
  readonly tensorsLeft: number;
  /** Rows: the true class; columns: the answer. Left out without labels, and where there are too many classes to read. */
  readonly confusion?: { readonly teacher: number[][]; readonly student: number[][] };
  /** Held-out examples on which teacher and student differ. */
  readonly disagreements: readonly Disagreement[];
  readonly environment: Readonly<Record<string, unknown>>;
}

export interface FormFigures {
  readonly accuracy: number;
  /** With the teacher. */
  readonly agreement?: number;
  readonly bytes: number;
  /** By batch size. */
  readonly msPerExample: Readonly<Record<string, number>>;
}

/** An example for a person to look at. */
export interface Shown {
  /** 28 × 28 bytes, base64. */
  readonly pixels?: string;
  /** A small PNG or JPEG as a data address. */
  readonly picture?: string;
  /** What can be told of it in words. */
  readonly text?: string;
}

/** Classes by their number; the label is −1 where it is unknown. */
export interface Disagreement extends Shown {
  readonly label: number;
  readonly teacher: number;
  readonly student: number;
}

export interface JobResult {
  readonly report: JobReport;
  readonly files: StudentFiles;
  /** The student for other engines, by file name; not kept for a later visit. */
  readonly forms?: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
}
