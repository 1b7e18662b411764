import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { checkNotNegative } from '../core/options.ts';
import { given, type OptionsOf, oneOf, schema, text } from '../core/schema.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { logMeanProbs, logOfProbs, meanOf } from './ensembleMean.ts';
import { readAsLogits } from './readAsLogits.ts';
import { nextBatchSize, type Teacher, type TeacherDescription, type TeacherUsage } from './teacher.ts';

const OPTIONS = schema('ensemble', {
  /**
   * 'logits': the mean of the members' logits. 'probs': the mean of their probabilities, given back as its logarithm, so that
   * losses which read logits read it too. 'losses': nothing is averaged here; each member's output keeps a name of its own,
   * 'logits@0', 'logits@1' …, and the loss is averaged with `weighted`. Default 'logits'.
   */
  mean: oneOf('logits', 'probs', 'losses')('logits'),
  /** One for each member, 0 or more; they are divided by their sum. Not for 'losses'. Default: all alike. */
  weights: given<readonly number[]>(),
  /**
   * What the members' outputs are. Probabilities become logarithms first. Default: what each member's model or first answer
   * tells, for the output 'logits'.
   */
  given: oneOf('logits', 'probs')(),
  /** The outputs to give, which every member must have. Default: the first member's; each its own for 'losses'. */
  outputs: given<readonly string[]>((outputs) => {
    if (outputs.length === 0) throw new LimbeckError('invalid-option', '"outputs" is empty; name one at least.');
  }),
  /** Name for reports. Default: the members'. */
  name: text(),
});

/** What is averaged, and what the members give. */
export interface EnsembleOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Several teachers as one. All are asked about the same batch at the same time. They stay the caller's: disposing the
 * ensemble does not dispose them.
 * Shapes    each member's outputs [B, ..., C], alike → the same, or one of each member for 'losses'
 * Units     logits or probabilities in, as `given` says or answers tell; logits out
 * Throws    invalid-option · unknown-output, shape-mismatch: members that differ · what members throw · AbortError
 * Source    Hinton, Vinyals, Dean 2015, §1, arXiv:1503.02531 (arithmetic or geometric mean of the predictions)
 *
 * @example
 * const other = await loadTeacher('/models/other.onnx').done;
 * distill({ teacher: ensemble([teacher, other], { mean: 'probs', weights: [2, 1] }), student, data });
 *
 * // The mean of the losses, at a temperature of its own for each teacher:
 * const loss = weighted([
 *   { loss: softTargets({ teacherOutput: 'logits@0', temperature: 4 }), weight: 0.5 },
 *   { loss: softTargets({ teacherOutput: 'logits@1', temperature: 2 }), weight: 0.5 },
 * ]);
 * distill({ teacher: ensemble([teacher, other], { mean: 'losses' }), student, data, loss });
 */
export function ensemble(members: readonly Teacher[], options: EnsembleOptions = {}): Teacher {
  const settings = checkEnsemble(members, options);
  const { mean, weights, given: holds, outputs: wanted } = settings;
  const teachers = holds === undefined ? members.map((one) => readAsLogits(one)) : members;
  const own = { calls: 0, computed: 0 };
  let isDisposed = false;
  const requireAlive = () => {
    if (isDisposed) throw new LimbeckError('disposed', 'The ensemble was disposed; make another of its members.');
  };

  function combine(answers: readonly NamedArrays[]): NamedArrays {
    const result: Record<string, NdArray> = {};
    const member = (answer: NamedArrays, output: string, i: number) => {
      const array = outputOf(answer, output, i, teachers);
      const isRead = teachers[i]?.description.fromProbs?.includes(output) === true;
      return holds === 'probs' && !isRead ? logOfProbs(array) : array;
    };
    if (mean === 'losses') {
      for (const [i, answer] of answers.entries()) {
        for (const output of wanted ?? Object.keys(answer)) result[`${output}@${i}`] = member(answer, output, i);
      }
      return result;
    }
    for (const output of wanted ?? Object.keys(answers[0] ?? {})) {
      const logits = answers.map((answer, i) => member(answer, output, i));
      result[output] = (mean === 'probs' ? logMeanProbs : meanOf)(logits, weights, output, memberNames(teachers));
    }
    return result;
  }

  return {
    get description() {
      return describe(teachers, settings);
    },
    async ask(inputs, signal) {
      requireAlive();
      throwIfAborted(signal);
      const answers = await askMembers(teachers, inputs, signal);
      for (const teacher of teachers) {
        if (teacher.usage !== undefined) continue;
        own.calls++;
        own.computed += Object.values(inputs)[0]?.shape[0] ?? 0;
      }
      return combine(answers);
    },
    nextBatchSize: () => Math.min(...teachers.map((teacher) => nextBatchSize(teacher))),
    /** A pass takes as long as the slowest member, while all of them work. */
    async timeMs(inputs, repeats) {
      requireAlive();
      const times = await Promise.all(teachers.map((teacher) => teacher.timeMs(inputs, repeats)));
      return Array.from({ length: repeats }, (_, i) => Math.max(...times.map((of) => of[i] ?? 0)));
    },
    watch(listener) {
      const names = memberNames(teachers);
      const ends = teachers.map((teacher, i) => teacher.watch?.((notice) => listener(`${names[i]}: ${notice}`)));
      return () => {
        for (const end of ends) end?.();
      };
    },
    usage() {
      const sum = { ...own, found: 0 };
      for (const teacher of teachers) {
        const { calls, computed, found }: TeacherUsage = teacher.usage?.() ?? { calls: 0, computed: 0, found: 0 };
        sum.calls += calls;
        sum.computed += computed;
        sum.found += found;
      }
      return sum;
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
    },
  };
}

type EnsembleSettings = ReturnType<typeof checkEnsemble>;

function checkEnsemble(teachers: readonly Teacher[], options: EnsembleOptions) {
  const read = OPTIONS.read(options);
  const { mean, weights } = read;
  if (!Array.isArray(teachers) || teachers.length === 0 || teachers.some((one) => typeof one?.ask !== 'function')) {
    throw new LimbeckError('invalid-option', 'ensemble needs a list of teachers; await loadTeacher(…).done for each.');
  }
  if (mean === 'losses' && weights !== undefined) {
    throw new LimbeckError(
      'invalid-option',
      'With mean: "losses" the weights are those of the loss: weighted([{ loss: softTargets({ teacherOutput: ' +
        '"logits@0" }), weight }, …]). Give none to the ensemble.',
    );
  }
  return { ...read, weights: fractionsOf(weights ?? teachers.map(() => 1), teachers.length) };
}

/** Throws    invalid-option */
function fractionsOf(weights: readonly number[], members: number): readonly number[] {
  if (weights.length !== members) {
    throw new LimbeckError(
      'invalid-option',
      `"weights" has ${weights.length} numbers for ${members} teachers; give one for each.`,
      { details: { weights: weights.length, teachers: members } },
    );
  }
  for (const weight of weights) checkNotNegative(weight, 'weights');
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (Number.isFinite(sum) && sum > 0) return weights.map((weight) => weight / sum);
  throw new LimbeckError('invalid-option', `"weights" add up to ${sum}; at least one must be above 0.`);
}

/** Asks all at once; the first that fails stops the others. */
async function askMembers(teachers: readonly Teacher[], inputs: NamedArrays, signal?: AbortSignal) {
  const controller = new AbortController();
  const follow = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', follow, { once: true });
  try {
    return await Promise.all(
      teachers.map((teacher, i) =>
        teacher.ask(inputs, controller.signal).catch((error: unknown): never => {
          throw withMember(error, i, teachers);
        }),
      ),
    );
  } catch (error) {
    controller.abort(error);
    throwIfAborted(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', follow);
  }
}

function withMember(error: unknown, i: number, teachers: readonly Teacher[]): unknown {
  if (!(error instanceof LimbeckError)) return error;
  return new LimbeckError(error.code, `In the ensemble, ${memberNames(teachers)[i]}: ${error.message}`, {
    details: { ...error.details, member: i },
    cause: error,
  });
}

/** Throws    unknown-output */
function outputOf(answer: NamedArrays, output: string, i: number, teachers: readonly Teacher[]): NdArray {
  const array = answer[output];
  if (array !== undefined) return array;
  throw new LimbeckError(
    'unknown-output',
    `The ensemble gives "${output}", which ${memberNames(teachers)[i]} lacks; it has ` +
      `${Object.keys(answer).join(', ') || 'none'}. Bring the outputs to the same names with "read".`,
    { details: { output, member: i, given: Object.keys(answer) } },
  );
}

function memberNames(teachers: readonly Teacher[]): readonly string[] {
  return teachers.map(({ description }, i) => `member ${i} ("${description.name}")`);
}

function describe(teachers: readonly Teacher[], settings: EnsembleSettings): TeacherDescription {
  const all = teachers.map(({ description }) => description);
  const { mean, weights, given, outputs, name } = settings;
  const identities = all.map(({ identity }) => identity);
  const isKnown = identities.every((identity) => identity !== undefined);
  const first = all[0] as TeacherDescription;
  const suffixed = all.flatMap((one, i) => Object.entries(one.outputs).map(([of, shape]) => [`${of}@${i}`, shape]));
  return {
    name: name ?? `ensemble of ${all.map((one) => one.name).join(', ')}`,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    device: 'several',
    members: all,
    threads: all.reduce((sum, { threads }) => sum + threads, 0),
    why: `${all.length} teachers, asked at the same time: ${all.map((one) => `${one.name} on ${one.device}`).join(', ')}.`,
    batchSize: Math.min(...all.map(({ batchSize = 32 }) => batchSize)),
    ...(isKnown && {
      identity: `ensemble:${JSON.stringify([mean, weights, given ?? null, outputs ?? null, identities])}`,
    }),
    ...(all.every(({ channels }) => channels === 'first') && { channels: 'first' }),
    ...fromProbsOf(all, settings),
    inputs: Object.assign({}, ...all.map(({ inputs }) => inputs)),
    outputs: mean === 'losses' ? Object.fromEntries(suffixed) : first.outputs,
    notices: all.flatMap((one) => one.notices.map((notice) => `${one.name}: ${notice}`)),
  };
}

/** What members give as probabilities, by the ensemble's names; undefined where nothing is known, or said. */
function fromProbsOf(members: readonly TeacherDescription[], { mean, given }: EnsembleSettings) {
  const named = members.flatMap(({ fromProbs = [] }, i) =>
    fromProbs.map((of) => (mean === 'losses' ? `${of}@${i}` : of)),
  );
  return (named.length > 0 || given === 'logits') && { fromProbs: [...new Set(named)] };
}
