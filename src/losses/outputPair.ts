import { type OptionsOf, schema, text } from '../core/schema.ts';

export const OUTPUT_PAIR = schema('the outputs', {
  /** The output to compare, on both sides; losses that relate examples take any layer of the student too. Default 'logits'. */
  output: text('logits'),
  /** The teacher's output, where it has another name. Default: `output`. */
  teacherOutput: text(),
});

/** Which outputs a loss compares. */
export interface OutputPairOptions extends OptionsOf<typeof OUTPUT_PAIR> {}

/** Options on one pair of outputs, with the pair as a loss tells it (`names`) and as it reads it (`reads`). */
export function outputPair<T extends { readonly output: string; readonly teacherOutput?: string | undefined }>(
  options: T,
) {
  const { output, teacherOutput = output } = options;
  return {
    ...options,
    teacherOutput,
    names: { output, ...(teacherOutput !== output && { teacherOutput }) },
    reads: { student: [output], teacher: [teacherOutput], labels: false },
  };
}

export const SCORE_PAIR = schema('the scores', {
  /** The output to compare, on both sides. Default 'scores'. */
  output: text('scores'),
  /** The teacher's output, where it has another name. Default: `output`. */
  teacherOutput: text(),
});

/** Which scores a loss over rankings compares. */
export interface ScorePairOptions extends OptionsOf<typeof SCORE_PAIR> {}

export const STUDENT_OUTPUT = schema('the output', {
  /** The student's output that holds the logits. Default 'logits'. */
  output: text('logits'),
});

/** Where a loss without a teacher reads the student's logits. */
export interface StudentOutputOptions extends OptionsOf<typeof STUDENT_OUTPUT> {}
