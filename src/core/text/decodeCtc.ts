import { LimbeckError } from '../errors.ts';
import { logProbsOf } from '../logProbs.ts';
import { count, given, type OptionsOf, oneOf, required, schema } from '../schema.ts';
import { formatShape, type NdArray, ndArray } from '../shape.ts';
import { argMax } from '../stats.ts';
import { type Alphabet, charactersOf } from './alphabet.ts';
import { ctcBeam, type FoundLabel } from './ctcBeam.ts';

const OPTIONS = schema('decodeCtc', {
  /** The characters in the order of their classes, as one text or one by one; the blank is none of them. */
  alphabet: required(given<Alphabet>()),
  /** The class that stands for no character. Default 0, as in PyTorch and PaddleOCR; Keras takes the last. */
  blank: count(0)(0),
  /** 'greedy' takes the likeliest class of each step, 'beam' the likeliest text, which many paths may give. Default 'greedy'. */
  method: oneOf('greedy', 'beam')('greedy'),
  /** How many beginnings 'beam' keeps at each step. Default 10. */
  beamWidth: count()(10),
  /** What the model answers; log-probabilities are logits too. Default 'logits'. */
  given: oneOf('logits', 'probs')('logits'),
});

/** The alphabet, and how it is read. */
export interface DecodeCtcOptions extends OptionsOf<typeof OPTIONS> {}

/** A text that was read, and how sure of it the model is. */
export interface DecodedText {
  readonly text: string;
  /** The class of each character. */
  readonly classes: readonly number[];
  /** In nats: of the one path that 'greedy' takes, of all paths to the text that 'beam' kept. */
  readonly logProb: number;
}

/**
 * Reads texts from the answers of a model that was trained with `ctc`: equal classes that follow each other are one
 * character, blanks are none.
 * Shapes    answers [N, T, C], where C is the alphabet and the blank → N texts
 * Throws    invalid-option · shape-mismatch: another shape · class-mismatch: not a class for each character and the blank
 *
 * @example
 * const answers = { data: Float32Array.of(0, 3, 0, 4, 0, 0, 0, 0, 2), shape: [1, 3, 3] };
 * decodeCtc(answers, { alphabet: 'ab', method: 'beam' })[0]?.text; // 'ab'
 */
export function decodeCtc(answers: NdArray, options: DecodeCtcOptions): DecodedText[] {
  const { alphabet, blank, method, beamWidth, given: form } = OPTIONS.read(options);
  const characters = charactersOf({ alphabet, blank });
  const [rows = 0, time = 0, classes = 0] = ndArray(answers.data, answers.shape).shape;
  if (answers.shape.length !== 3) {
    throw new LimbeckError(
      'shape-mismatch',
      `decodeCtc reads answers [N, T, C], and these are ${formatShape(answers.shape)}; one text is [1, T, C].`,
    );
  }
  if (classes !== characters.classes) {
    throw new LimbeckError(
      'class-mismatch',
      `The answers have ${classes} classes; the alphabet has ${characters.classes - 1} characters, with the blank ` +
        `${characters.classes}. Give the alphabet that the model was trained for, in its order.`,
      { details: { classes, needed: characters.classes } },
    );
  }
  const logProbs = form === 'probs' ? Float64Array.from(answers.data, Math.log) : logProbsOf(answers);
  const search = method === 'beam' ? ctcBeam : greedyLabel;
  return Array.from({ length: rows }, (_, row) => {
    const found = search(logProbs, { offset: row * time * classes, time, classes, blank, width: beamWidth });
    return { text: found.classes.map(characters.at).join(''), ...found };
  });
}

/** The label of the likeliest path: each step's likeliest class, joined where equal, without blanks. */
export function greedyLabel(
  logProbs: ArrayLike<number>,
  { offset, time, classes, blank }: { offset: number; time: number; classes: number; blank: number },
): FoundLabel {
  const label: number[] = [];
  let [before, logProb] = [blank, 0];
  for (let step = 0; step < time; step++) {
    const from = offset + step * classes;
    const best = argMax(logProbs, from, classes);
    logProb += logProbs[from + best] as number;
    if (best !== before && best !== blank) label.push(best);
    before = best;
  }
  return { classes: label, logProb };
}
