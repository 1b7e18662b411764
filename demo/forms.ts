import {
  type Dataset,
  type DistillReport,
  loadTeacher,
  measure,
  type NamedArrays,
  type NdArray,
  quantize,
  type Student,
  take,
  toBundle,
  toOnnx,
} from 'limbeck';
import type { FormFigures } from './jobReport.ts';
import { askAll, measureTeacher } from './measure.ts';
import type { Task } from './task.ts';

/** The student as files for other engines, and the result of each on the held-out examples. */
export interface StudentForms {
  readonly files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  readonly figures: Readonly<Record<string, FormFigures>>;
}

export interface FormOptions {
  readonly student: Student;
  readonly report: DistillReport;
  readonly task: Pick<Task, 'labels' | 'input'>;
  /** What was learned from: int8 is calibrated on some of it, so that the held-out examples stay unseen. */
  readonly learned: Dataset;
  readonly holdout: Dataset;
  /** The teacher's answers for the holdout. */
  readonly teacherAnswers: NdArray | undefined;
  readonly threads: number | undefined;
  readonly signal: AbortSignal;
}

const CALIBRATED = 256;

/** Writes the student as ONNX in full, as int8 and as float16, and asks each about the held-out examples in onnxruntime-web. */
export async function writeForms(options: FormOptions): Promise<StudentForms> {
  const { student, report, task, learned, signal } = options;
  const accuracy = report.holdout['accuracy'];
  const about = { labels: task.labels, input: task.input };
  const onnx = await toOnnx(student, {
    ...about,
    ...(report.teacher?.identity && { teacher: report.teacher.identity }),
    ...(accuracy !== undefined && { metrics: { accuracy } }),
    signal,
  });
  const calibration = take(learned, CALIBRATED);
  const int8 = await quantize(onnx, { to: 'static-int8', calibration, signal }).done;
  const float16 = await quantize(onnx, { to: 'float16', signal }).done;
  const forms = { onnx, int8: int8.bytes, float16: float16.bytes };
  const figures: Record<string, FormFigures> = {};
  for (const [name, bytes] of Object.entries(forms)) {
    figures[name] = { bytes: bytes.byteLength, ...(await measureForm(bytes, options)) };
  }
  return {
    files: {
      'student.onnx': onnx,
      'student.int8.onnx': int8.bytes,
      'student.float16.onnx': float16.bytes,
      'student.limbeck': await toBundle(student, { ...about, report, onnx }),
    },
    figures,
  };
}

/** Loaded as a teacher, so that it is timed like the teacher: in its worker, without transport. */
async function measureForm(
  bytes: Uint8Array<ArrayBuffer>,
  { holdout, teacherAnswers: teacher, threads, signal }: FormOptions,
): Promise<Omit<FormFigures, 'bytes'>> {
  const model = await loadTeacher(bytes, { device: 'wasm', batchSize: 32, threads, signal }).done;
  try {
    const ask = async (inputs: NamedArrays) => (await model.ask(inputs, signal))['logits'] as NdArray;
    const { answers: student, labels } = await askAll(holdout, ask);
    const { accuracy = Number.NaN, agreement } = measure({ student, teacher, labels });
    const { msPerExample } = await measureTeacher(model, holdout);
    return { accuracy, ...(agreement !== undefined && { agreement }), msPerExample };
  } finally {
    await model[Symbol.asyncDispose]();
  }
}
