import {
  type Dataset,
  type DistillReport,
  type LabelledDataset,
  loadTeacher,
  measure,
  type NdArray,
  quantize,
  type Student,
  take,
  toBundle,
  toOnnx,
} from 'limbeck';
import { digitInput, LABELS } from './digits.ts';
import type { FormFigures } from './jobReport.ts';
import { measureTeacher } from './measure.ts';

/** The student as files for other engines, and the result of each on the held-out digits. */
export interface StudentForms {
  readonly files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  readonly figures: Readonly<Record<string, FormFigures>>;
}

export interface FormOptions {
  readonly student: Student;
  readonly report: DistillReport;
  /** The training digits: int8 is calibrated on some of them, so that the test digits stay unseen. */
  readonly learned: Dataset;
  readonly holdout: LabelledDataset;
  readonly threads: number | undefined;
  readonly signal: AbortSignal;
}

const CALIBRATED = 256;

/** Writes the student as ONNX in full, as int8 and as float16, and reads the held-out digits with each in onnxruntime-web. */
export async function writeForms(options: FormOptions): Promise<StudentForms> {
  const { student, report, learned, holdout, threads, signal } = options;
  const accuracy = report.holdout['accuracy'];
  const about = { labels: LABELS, input: digitInput };
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
    figures[name] = { bytes: bytes.byteLength, ...(await measureForm(bytes, holdout, threads, signal)) };
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
  holdout: LabelledDataset,
  threads: number | undefined,
  signal: AbortSignal,
): Promise<Omit<FormFigures, 'bytes'>> {
  const model = await loadTeacher(bytes, { device: 'wasm', batchSize: 32, threads, signal }).done;
  try {
    const { inputs, labels } = await holdout.read(Int32Array.from({ length: holdout.size }, (_, i) => i));
    const logits = (await model.ask(inputs, signal))['logits'] as NdArray;
    const { msPerExample } = await measureTeacher(model, holdout);
    return { accuracy: measure({ student: logits, labels })['accuracy'] ?? Number.NaN, msPerExample };
  } finally {
    await model[Symbol.asyncDispose]();
  }
}
