import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type OptionsOf, oneOf, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import {
  checkPositions,
  checkSameFeatures,
  FEATURE_PAIR,
  type FeaturePairOptions,
  featurePair,
  projectorOfPair,
  readPair,
  shapesOfPair,
} from '../featurePair.ts';
import type { Loss, LossShapes } from '../loss.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';
import { toUnitLength } from '../toUnitLength.ts';

const OPTIONS = schema('embeddingMatch', {
  ...FEATURE_PAIR.fields,
  /** 'mse': every coordinate; 'cosine': the direction only. Default 'mse' (sentence-transformers). */
  kind: oneOf('mse', 'cosine')('mse'),
  /**
   * 'auto': a trained linear map from the student's dimension to the teacher's where they differ, none where they are
   * equal; 'linear': always; 'none': never. The map is dropped after training: use 'none' if the student's embedding is to
   * replace the teacher's. Default 'auto'.
   */
  projector: oneOf('auto', 'linear', 'none')('auto'),
});

/** Which embeddings, and whether coordinates or directions are compared. */
export interface EmbeddingMatchOptions extends FeaturePairOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Embedding matching (hidden states of DistilBERT and TinyBERT too): the student's embedding becomes the teacher's. The
 * last axis is the embedding; in sequences and maps each position is compared.
 *
 * 'mse': (student − teacher)²; 'cosine': 1 − cos(student, teacher); mean over each example's coordinates, or positions.
 * Shapes    student [B, D] (or [B, T, D], [B, H, W, D]), projected, and teacher of the same shape → [B]; the loss is their
 *           mean
 * Units     squares of the teacher's coordinates; none for 'cosine', from 0 to 2
 * Reduces   mean over batch and coordinates or positions
 * Weight    5 for 'mse' of coordinates around 1, and for 'cosine'; 'mse' of embeddings of length 1 in D dimensions needs
 *           D times as much
 * Gradient  reaches the student and the projector
 * Numerics  finite for |coordinate| ≤ 1e4; a vector of length 0 has the cosine 0
 * Throws    invalid-option · shape-mismatch by `check`: other axes · other dimensions with projector 'none'
 * Source    sentence-transformers losses/MSELoss.py; Sanh et al. 2019, §3, arXiv:1910.01108 (1 − cos of hidden states)
 * Differs   from TextBrewer's cos_loss in the projector; maps of different sizes are averaged down to the smaller one
 * @example
 * distill({ teacher, student, data, loss: embeddingMatch({ output: 'embedding', kind: 'cosine' }) });
 */
export function embeddingMatch(options: EmbeddingMatchOptions): Loss {
  const { kind, projector, ...names } = OPTIONS.read(options);
  const pair = featurePair(names, 'embeddingMatch');
  const isProjected = (from: unknown, to: unknown) => projector === 'linear' || (projector === 'auto' && from !== to);
  const chosen = (shapes: LossShapes) => {
    const { student, teacher } = shapesOfPair(shapes, pair);
    return isProjected(student.at(-1), teacher.at(-1)) ? 'linear' : 'none';
  };
  return {
    name: 'embeddingMatch',
    options: { ...pair.options, kind, projector },
    reads: pair.reads,
    isStatic: true,
    compares: 'embeddings',
    check(shapes) {
      checkPositions(shapes, pair, 'embeddingMatch');
      if (chosen(shapes) === 'linear') return;
      checkSameFeatures(shapes, pair, 'embeddingMatch', "Use projector: 'auto', or give the student an output as long");
    },
    parameters: (shapes) => projectorOfPair(shapes, pair, chosen(shapes)),
    ...meanOfExamples((tf, tensors) => {
      const [from, to] = [tensors.student[pair.output], tensors.teacher[pair.teacherOutput]];
      const way = isProjected(from?.shape.at(-1), to?.shape.at(-1)) ? 'linear' : 'none';
      return embeddingMatchLoss(tf, ...readPair(tf, tensors, pair, way), kind);
    }),
  };
}

export function embeddingMatchLoss(tf: Tf, student: Tensor, teacher: Tensor, kind: 'mse' | 'cosine'): Tensor1D {
  return tf.tidy(() => {
    if (kind === 'mse') return meanPerExample(tf, tf.squaredDifference(student, teacher));
    const cosines = tf.sum(tf.mul(toUnitLength(tf, student), toUnitLength(tf, teacher)), -1);
    return meanPerExample(tf, tf.add(tf.mul(cosines, -1), 1));
  });
}
