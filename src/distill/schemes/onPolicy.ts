import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { derivedSeed, permutation, seededRandom } from '../../core/random.ts';
import { type Run, startRun } from '../../core/run.ts';
import { count, fraction, given, type OptionsOf, positive, required, schema } from '../../core/schema.ts';
import type { Alphabet } from '../../core/text/alphabet.ts';
import type { TokenWriter } from '../../core/text/generateTokens.ts';
import { checkSampling, SAMPLING, type SamplingOptions } from '../../core/text/sampleToken.ts';
import { type TokensLike, tokensOf } from '../../core/text/tokens.ts';
import { writeMany } from '../../core/text/writeMany.ts';
import { type Dataset, DEFAULT_INPUT } from '../../data/dataset.ts';
import { fromTokens } from '../../data/tokens.ts';
import { pick } from '../../data/views.ts';
import { perToken } from '../../losses/combination/perToken.ts';
import { generalizedDivergence } from '../../losses/response/generalizedDivergence.ts';
import { asStudent } from '../../student/layersModel.ts';
import type { Student } from '../../student/student.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import type { DistillReport } from '../report.ts';
import { checkRoundOptions, HANDED_ON, handedOn, type RoundOptions } from '../roundOptions.ts';
import { openRounds, type RoundEvent } from '../rounds.ts';

const OPTIONS = schema('onPolicy', {
  /** It is asked about what the student writes, at every token. */
  teacher: required(given<Teacher>()),
  /** A language model, best one that can write a little already; it gets the new weights. */
  student: required(given<Student | LayersModel>()),
  /** Texts, such as the training texts or those that the teacher wrote, made with `fromTokens`. */
  data: required(given<Dataset>()),
  /** Beginnings that the student goes on with, or their tokens. */
  prompts: required(given<readonly TokensLike[]>()),
  /** The characters in the order of their tokens, for prompts that are texts. Default: bytes of UTF-8. */
  alphabet: given<Alphabet>(),
  /** The share of each round's examples that the student writes; the others come from `data`. Default 0.5 (GKD's λ; trl). */
  onPolicyFraction: fraction(0.5),
  /** Examples of a round, each seen once. Default: as many as `data` has. */
  examples: count()(),
  /** How often the student writes anew. Default 4. */
  rounds: count()(4),
  /** β of `generalizedDivergence`. Default 0.5 (trl). */
  beta: fraction(0.5),
  /** Softens both distributions in the loss. Default 1; trl has 0.9. */
  lossTemperature: positive(1),
  ...SAMPLING.fields,
  /** The most tokens that the student writes after a prompt; it also ends with its context. Default 128 (trl). */
  maxTokens: count()(128),
  /** The token after which a text ends. Default: none. */
  end: count(0)(),
  ...HANDED_ON,
});

/** Who teaches, what the student begins with, and how much of its own writing it learns from. */
export interface OnPolicyOptions extends RoundOptions, SamplingOptions, OptionsOf<typeof OPTIONS> {}

/** What happens in a round. */
export type OnPolicyEvent =
  | RoundEvent
  | { readonly type: 'written'; readonly round: number; readonly written: number; readonly total: number };

/** The student, and what each round reported. */
export interface OnPolicyTaught {
  readonly student: Student;
  readonly reports: readonly DistillReport[];
}

/**
 * On-policy distillation (GKD): the student writes, and the teacher says at each token of it what it would have expected. So
 * the student learns where its own mistakes lead it, which texts of others never show. A part of the examples still comes
 * from `data`. The loss is `perToken(generalizedDivergence({ beta }))`, over what was written and not over prompts.
 * A cancelled run leaves the student as the last finished step made it.
 * Shapes    tokens [B, T] to logits [B, T, C], of teacher and student alike
 * Units     logits
 * Throws    invalid-option · empty-list: no prompts · sequence-too-long: a prompt as long as the student's context ·
 *           class-mismatch · shape-mismatch · labels-missing: data without next tokens · student-invalid: no language model ·
 *           what `distill` and the teacher throw
 * Source    Agarwal et al. 2024, "On-Policy Distillation of Language Models", algorithm 1, arXiv:2306.13649;
 *           huggingface/trl gkd_trainer.py
 * Differs   the student writes once for each round, not for each step, so that batches fill; the optimizer starts anew in
 *           each round
 *
 * @example
 * const texts = fromTokens(['\na big cat\n', '\nwater that falls\n'], { length: 32 });
 * const run = onPolicy({ teacher, student: decoder({ length: 32 }), data: texts, prompts: ['\na', '\nthe'], end: 10 });
 */
export function onPolicy(options: OnPolicyOptions): Run<OnPolicyTaught, OnPolicyEvent> {
  return startRun((emit, signal) => run(options, emit, signal), options?.signal);
}

async function run(
  options: OnPolicyOptions,
  emit: (event: OnPolicyEvent) => void,
  signal: AbortSignal,
): Promise<OnPolicyTaught> {
  const read = OPTIONS.read(options);
  const { teacher, data, rounds: total, onPolicyFraction, beta, lossTemperature, maxTokens, end, seed } = read;
  checkRoundOptions(options);
  if (typeof teacher?.ask !== 'function') {
    throw new LimbeckError('invalid-option', 'onPolicy needs a "teacher"; load one with loadTeacher(…).done.');
  }
  const sampling = { temperature: read.temperature, topP: read.topP, topK: read.topK };
  checkSampling(sampling);
  const length = lengthOf(data);
  const prompts = promptsOf(read.prompts, read.alphabet, length);
  const examples = read.examples ?? data.size;
  const ownCount = Math.round(onPolicyFraction * examples);
  const student = asStudent(read.student);
  const loss = perToken(generalizedDivergence({ beta, temperature: lossTemperature }));
  const reports: DistillReport[] = [];
  await using rounds = await openRounds({ options, rounds: total, students: [read.student], emit, signal });
  const write: TokenWriter = (...asked) => rounds.trainer.generate(student, ...asked);
  for (let at = 0; at < total; at++) {
    const round = rounds.begin(student.name);
    const random = seededRandom(derivedSeed(seed, `onPolicy/${round}`));
    const drawn = <T>(from: readonly T[], wanted: number): T[] => {
      const orders = Array.from({ length: Math.ceil(wanted / from.length) }, () => permutation(from.length, random));
      return orders.flatMap((order) => Array.from(order, (i) => from[i] as T)).slice(0, wanted);
    };
    const begun = drawn(prompts, ownCount);
    const request = {
      prompts: begun,
      maxTokens,
      sampling,
      end,
      seed: derivedSeed(seed, `written/${round}`),
      batchSize: WRITTEN_AT_ONCE,
    };
    const tell = (written: number) => emit({ type: 'written', round, written, total: ownCount });
    const written = await writeMany(write, request, tell, signal);
    // The token that ends the context has none behind it to be read.
    const texts = written.map(({ tokens }, i) => [...(begun[i] as Int32Array), ...tokens].slice(0, length + 1));
    const promptLengths = begun.map((prompt) => prompt.length);
    const own = texts.length > 0 ? [fromTokens(texts, { length, promptLengths })] : [];
    const places = drawn(
      Array.from({ length: data.size }, (_, i) => i),
      examples - ownCount,
    );
    const others = places.length > 0 ? [pick(data, Int32Array.from(places))] : [];
    const lesson = together([...own, ...others]);
    reports.push(
      (await rounds.distill({ ...handedOn(options), teacher, student: read.student, data: lesson, loss, epochs: 1 }))
        .report,
    );
  }
  return { student, reports };
}

/** Texts that the student writes at once. */
const WRITTEN_AT_ONCE = 32;

/** One dataset after the other, with what follows each token. */
function together(parts: readonly Dataset[]): Dataset {
  const [first] = parts as [Dataset];
  if (parts.length === 1) return first;
  const starts = parts.map((_, k) => parts.slice(0, k).reduce((sum, { size }) => sum + size, 0));
  const length = lengthOf(first);
  return {
    ...{ size: parts.reduce((sum, { size }) => sum + size, 0), inputs: first.inputs, hasLabels: false },
    async read(indices, signal) {
      const data = new Int32Array(indices.length * length);
      const sequences = new Int32Array(indices.length * length);
      for (const [k, part] of parts.entries()) {
        const start = starts[k] as number;
        const rows = Array.from(indices.keys()).filter((i) => {
          const index = (indices[i] as number) - start;
          return index >= 0 && index < part.size;
        });
        const read = await part.read(
          Int32Array.from(rows, (i) => (indices[i] as number) - start),
          signal,
        );
        const { data: tokens = new Int32Array(0) } = read.inputs[DEFAULT_INPUT] ?? {};
        const { sequences: next } = read;
        if (next === undefined) throw noNextTokens();
        for (const [from, to] of rows.entries()) {
          const row = [from * length, (from + 1) * length] as const;
          data.set(tokens.subarray(...row), to * length);
          sequences.set(next.subarray(...row), to * length);
        }
      }
      return { inputs: { [DEFAULT_INPUT]: { data, shape: [indices.length, length] } }, sequences };
    },
  };
}

/** Throws    shape-mismatch: no texts of `fromTokens` */
function lengthOf({ inputs }: Dataset): number {
  const spec = inputs[DEFAULT_INPUT];
  if (Object.keys(inputs).length === 1 && spec?.shape.length === 1 && spec.dtype === 'int32')
    return spec.shape[0] as number;
  throw new LimbeckError('shape-mismatch', 'onPolicy needs "data" of texts; make them with fromTokens(…).', {
    details: { inputs },
  });
}

function noNextTokens(): LimbeckError {
  return new LimbeckError(
    'labels-missing',
    'onPolicy needs "data" with the next tokens; make them with fromTokens(…).',
  );
}

/** Throws    empty-list · invalid-option: an empty prompt · sequence-too-long · class-mismatch */
function promptsOf(prompts: readonly TokensLike[], alphabet: Alphabet | undefined, length: number): Int32Array[] {
  const { encode } = tokensOf(alphabet);
  const encoded = Array.from(prompts ?? [], (prompt) => encode(prompt ?? []));
  if (encoded.length === 0) {
    throw new LimbeckError('empty-list', 'onPolicy needs "prompts" for the student to go on with; there are none.');
  }
  for (const [i, prompt] of encoded.entries()) {
    if (prompt.length === 0) {
      throw new LimbeckError('invalid-option', `prompts[${i}] is empty; a text needs a token to begin with.`);
    }
    if (prompt.length <= length) continue;
    throw new LimbeckError(
      'sequence-too-long',
      `prompts[${i}] has ${prompt.length} tokens, and the texts of "data" have ${length}. Cut it, or make both longer.`,
      { details: { prompt: i, tokens: prompt.length, length } },
    );
  }
  return encoded;
}
