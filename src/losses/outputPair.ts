import { type OptionsOf, schema, text } from '../core/schema.ts';

export const OUTPUT_PAIR = schema('the outputs', {
  /** The output to compare, on both sides. Default 'logits'. */
  output: text('logits'),
  /** The teacher's output, where it has another name. Default: `output`. */
  teacherOutput: text(),
});

/** Which outputs a loss on logits compares. */
export interface OutputPairOptions extends OptionsOf<typeof OUTPUT_PAIR> {}
