import { schema } from '../../core/schema.ts';
import { type Loss, named } from '../loss.ts';
import { outputPair, SCORE_PAIR, type ScorePairOptions } from '../outputPair.ts';
import { softCrossEntropyPerExample } from '../response/softCrossEntropy.ts';
import { meanOfExamples } from '../rows.ts';
import { checkCandidates } from '../sameClasses.ts';

const OPTIONS = schema('listNet', SCORE_PAIR.fields);

/** Where the scores are read. */
export interface ListNetOptions extends ScorePairOptions {}

/**
 * List-wise ranking (ListNet, top one): −Σ softmax(t) · log softmax(s) over the candidates of each list, where the softmax
 * is the probability of coming first. The loss is the mean over the lists.
 * Shapes    student [B, N], teacher [B, N], N ≥ 2 → scalar
 * Units     scores in, nats out
 * Reduces   mean over lists; soft cross-entropy
 * Weight    1: it is a cross-entropy
 * Gradient  reaches the student only: (softmax(s) − softmax(t)) / B
 * Numerics  finite for |score| ≤ 1e4; smallest where scores differ by a constant, where it is the entropy of softmax(t)
 * Throws    invalid-option: an option it does not have · shape-mismatch: lists that differ · empty-list
 * Source    Cao, Qin, Liu, Tsai, Li 2007, eq. 4, Learning to Rank: From Pairwise Approach to Listwise Approach, ICML
 * @example
 * distill({ teacher, student, data, loss: listNet({ output: 'scores' }) });
 */
export function listNet(options: ListNetOptions = {}): Loss {
  const { output, teacherOutput, names, reads } = outputPair(OPTIONS.read(options));
  return {
    name: 'listNet',
    options: names,
    reads,
    isStatic: true,
    compares: 'scores',
    check: (shapes) => checkCandidates(shapes, output, teacherOutput, 'listNet'),
    ...meanOfExamples((tf, { student, teacher }) =>
      softCrossEntropyPerExample(tf, named(student, output), named(teacher, teacherOutput), 1),
    ),
  };
}
