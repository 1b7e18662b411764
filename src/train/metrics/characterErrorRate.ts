import { greedyLabel } from '../../core/text/decodeCtc.ts';
import { editDistance } from '../../core/text/editDistance.ts';
import type { Metric } from '../metric.ts';

/**
 * Character error rate (CER): the insertions, deletions and replacements that make the truth of what the student reads,
 * over all examples, for each character of the truth. It reads greedily, the likeliest class of each step.
 * Shapes    student [N, T, C], sequences [N, L] with −1 behind the end → fraction
 * Units     0 or more, where 1 is as many errors as characters; lower is better
 * Numerics  NaN if no truth has a character
 * Throws    nothing
 * Source    Levenshtein 1966; summed over all lines before it is divided, as usual in text recognition
 */
export const characterErrorRate: Metric = {
  name: 'characterErrorRate',
  measures: 'classes',
  better: 'lower',
  reads: { teacher: false, labels: false, sequences: true },
  compute({ student, sequences = new Int32Array(0), blank = 0 }) {
    const [rows = 0, time = 0, classes = 0] = student.shape;
    const length = sequences.length / rows;
    let [errors, characters] = [0, 0];
    for (let row = 0; row < rows; row++) {
      const held = sequences.subarray(row * length, (row + 1) * length);
      const end = held.indexOf(-1);
      const truth = end < 0 ? held : held.subarray(0, end);
      const read = greedyLabel(student.data, { offset: row * time * classes, time, classes, blank });
      errors += editDistance(read.classes, truth);
      characters += truth.length;
    }
    return errors / characters;
  },
};
