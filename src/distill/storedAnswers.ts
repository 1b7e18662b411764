import { LimbeckError } from '../core/errors.ts';
import { pickRowsOfAll } from '../core/rows.ts';
import { given, type OptionsOf, schema, text } from '../core/schema.ts';
import type { NamedArrays } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Teacher } from '../teacher/teacher.ts';

const OPTIONS = schema('storedAnswers', {
  /** Default 'stored answers'. */
  name: text('stored answers'),
  /** Answers [M, ...] for the examples of a holdout, under the same names. */
  holdout: given<NamedArrays>(),
});

/** Its name in reports, and its answers for a holdout. */
export interface StoredAnswersOptions extends OptionsOf<typeof OPTIONS> {}

/** Options for `distill` instead of a teacher. */
export interface StoredTeacher {
  readonly teacher: Teacher;
  /** The indices of the examples, by which this teacher looks up its answers. */
  readonly teacherData: Dataset;
  readonly teacherHoldout?: Dataset;
}

/** The input that holds an example's index. */
const NUMBER = 'example';

/**
 * A teacher from stored answers, made earlier, elsewhere, or by a method that sees all examples at once, such as a graph
 * method. It looks up the row of each example by its index.
 * Shapes    each output [N, ...], of the holdout [M, ...]
 * Units     as the loss reads them: logits, or log-probabilities, which are logits too
 * Throws    invalid-option · empty-dataset · shape-mismatch: outputs with different numbers of rows
 * Source    Zhang et al. 2022, "Graph-less Neural Networks", arXiv:2110.08727, §4 (a student of a table of answers)
 *
 * @example
 * const { logits } = await teacher.ask((await data.read(Int32Array.of(0, 1, 2))).inputs);
 * distill({ ...storedAnswers({ logits: logits as NdArray }), student, data: take(data, 3) });
 */
export function storedAnswers(answers: NamedArrays, options: StoredAnswersOptions = {}): StoredTeacher {
  const { name, holdout } = OPTIONS.read(options);
  const size = rowsOf(answers);
  const heldOut = holdout === undefined ? 0 : rowsOf(holdout);
  const numbers = (count: number, first: number) =>
    fromArrays({ [NUMBER]: { data: Int32Array.from({ length: count }, (_, i) => first + i), shape: [count] } });
  const teacher: Teacher = {
    description: {
      name,
      bytes: 0,
      device: 'function',
      threads: 1,
      inputs: { [NUMBER]: [] },
      outputs: Object.fromEntries(Object.entries(answers).map(([key, { shape }]) => [key, [null, ...shape.slice(1)]])),
      notices: [],
    },
    async ask(inputs) {
      const asked = inputs[NUMBER]?.data as Int32Array | undefined;
      if (asked === undefined) {
        throw new LimbeckError(
          'unknown-input',
          `The teacher "${name}" knows examples by their number; it was asked about ${Object.keys(inputs).join(', ')}. ` +
            'Give its teacherData to distill too: distill({ ...storedAnswers(answers), student, data }).',
        );
      }
      // They are two datasets, so nobody asks about both at once.
      const isHeldOut = (asked[0] ?? 0) >= size;
      if (!isHeldOut || holdout === undefined) return pickRowsOfAll(answers, asked);
      return pickRowsOfAll(
        holdout,
        asked.map((number) => number - size),
      );
    },
    timeMs: async (_, repeats) => new Array<number>(repeats).fill(0),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return {
    teacher,
    teacherData: numbers(size, 0),
    ...(holdout !== undefined && { teacherHoldout: numbers(heldOut, size) }),
  };
}

function rowsOf(answers: NamedArrays): number {
  const sizes = Object.entries(answers).map(([name, { shape }]) => ({ name, rows: shape[0] ?? 0 }));
  const rows = sizes[0]?.rows ?? 0;
  if (rows === 0)
    throw new LimbeckError('empty-dataset', 'storedAnswers was given no answer; give one row an example.');
  const other = sizes.find((one) => one.rows !== rows);
  if (other === undefined) return rows;
  throw new LimbeckError(
    'shape-mismatch',
    `The stored answers hold ${rows} rows of "${sizes[0]?.name}" and ${other.rows} of "${other.name}". Give one an example.`,
    { details: { rows, other } },
  );
}
