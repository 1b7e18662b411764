import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../core/errors.ts';
import { count, given, type OptionsOf, schema } from '../core/schema.ts';
import type { Alphabet } from '../core/text/alphabet.ts';
import { generateTokens, type TokenWriter } from '../core/text/generateTokens.ts';
import { checkSampling, SAMPLING, type Sampling, type SamplingOptions } from '../core/text/sampleToken.ts';
import { type Tokens, type TokensLike, tokensOf } from '../core/text/tokens.ts';
import { asStudent } from '../student/layersModel.ts';
import { isLayersModel, isStudent, type Student } from '../student/student.ts';
import { asTokenModel } from '../teacher/asTokenModel.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { borrowTrainer } from '../train/borrowTrainer.ts';
import type { Trainer, TrainerOptions } from '../train/trainer.ts';

export const WRITING = schema('the writing', {
  ...SAMPLING.fields,
  /** The most tokens to write. A text also ends with the model's context. Default 100. */
  maxTokens: count()(100),
  /** The token after which a text ends, or its character. Default: none. */
  end: given<number | string>(),
  /** The characters in the order of their tokens. Default: texts are bytes of UTF-8. */
  alphabet: given<Alphabet>(),
  /** The same seed gives the same text. Default 0. */
  seed: count(0)(0),
  /**
   * An open trainer, which stays open; or how to open the page's, where a student computes between the steps of whatever
   * trains. A teacher computes where it is. Default: the page's.
   */
  trainer: given<Trainer | TrainerOptions>(),
  /** Ends it: the iteration throws an AbortError, and what was held is freed. */
  signal: given<AbortSignal>(),
});

/** What `generate` and `generateTexts` take alike. */
export interface WritingOptions extends SamplingOptions, OptionsOf<typeof WRITING> {}

interface Read extends Sampling {
  readonly end: number | string | undefined;
  readonly alphabet: Alphabet | undefined;
}

/** Throws    invalid-option · class-mismatch */
export function readWriting({ temperature, topP, topK, end, alphabet }: Read) {
  const tokens = tokensOf(alphabet);
  checkSampling({ topP });
  return { tokens, sampling: { temperature, topP, topK }, end: end === undefined ? undefined : endOf(end, tokens) };
}

/** Throws    invalid-option: more or less than one token */
function endOf(end: number | string, { encode }: Tokens): number {
  const [token, ...more] = encode(typeof end === 'string' ? end : [end]);
  if (token !== undefined && more.length === 0) return token;
  throw new LimbeckError('invalid-option', `"end" was "${end}"; it must be one token, such as "\\n".`);
}

/** Throws    invalid-option: neither a text nor a list of numbers, or an empty one · class-mismatch */
export function promptOf(prompt: TokensLike, { encode }: Tokens, name = 'prompt'): Int32Array {
  const isList = typeof prompt === 'string' || typeof (prompt as ArrayLike<number> | null)?.length === 'number';
  if (isList && prompt.length > 0) return encode(prompt);
  throw new LimbeckError(
    'invalid-option',
    isList
      ? `"${name}" is empty; a text needs a token to begin with, such as the mark that all texts of the training began with.`
      : `"${name}" must be a text, or a list of tokens.`,
  );
}

/** What writes: a student, which keeps what it has seen; or a teacher, which is asked about the whole text for each token. */
export type LanguageModel = Student | LayersModel | Teacher;

/** A model that writes, and what must be given back when it has written. */
export interface Writer extends AsyncDisposable {
  readonly write: TokenWriter;
}

/** Throws what `openTrainer` throws. */
export async function openWriter(model: LanguageModel, trainer: Trainer | TrainerOptions | undefined): Promise<Writer> {
  if (isTeacher(model)) {
    return {
      write: async (request, emit, signal) => generateTokens(await asTokenModel(model, signal), request, emit, signal),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const borrowed = await borrowTrainer(trainer);
  const student = asStudent(model);
  return {
    write: (...asked) => borrowed.trainer.generate(student, ...asked),
    [Symbol.asyncDispose]: () => borrowed[Symbol.asyncDispose](),
  };
}

function isTeacher(model: LanguageModel): model is Teacher {
  return typeof (model as Partial<Teacher> | null)?.ask === 'function';
}

/** Throws    invalid-option */
export function checkLanguageModel(model: LanguageModel): void {
  if (isTeacher(model) || isStudent(model) || isLayersModel(model)) return;
  throw new LimbeckError('invalid-option', 'generate needs a student, such as decoder(…), or a teacher to write.');
}
