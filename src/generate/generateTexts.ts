import { type Run, startRun } from '../core/run.ts';
import { count, given, type OptionsOf, required, schema } from '../core/schema.ts';
import type { TokensLike } from '../core/text/tokens.ts';
import { writeMany } from '../core/text/writeMany.ts';
import {
  checkLanguageModel,
  type LanguageModel,
  openWriter,
  promptOf,
  readWriting,
  WRITING,
  type WritingOptions,
} from './writing.ts';

const OPTIONS = schema('generateTexts', {
  /** The beginnings of the texts, or their tokens; one may stand there several times. */
  prompts: required(given<readonly TokensLike[]>()),
  /** Texts that are written at once. Default 32. */
  batchSize: count()(32),
  ...WRITING.fields,
});

/** How texts begin, how tokens are chosen, and where they end. */
export interface GenerateTextsOptions extends WritingOptions, OptionsOf<typeof OPTIONS> {}

/** A text that a model wrote. */
export interface GeneratedText {
  /** Of the prompt and what follows, with the end, as `fromTokens` takes them. */
  readonly tokens: Int32Array;
  /** How many of them are the prompt. */
  readonly promptLength: number;
  /** What was written, without prompt and end. */
  readonly text: string;
  /** How likely the model found what it wrote, in nats. */
  readonly logProb: number;
}

/** How many texts are finished. */
export interface GenerateTextsEvent {
  readonly type: 'written';
  readonly written: number;
  readonly total: number;
}

/**
 * Many texts at once, such as those of a teacher that a student learns from (sequence-level distillation). A text depends on
 * its prompt, the seed and its place in the list, and not on the batch.
 * Shapes    a model from tokens [B, T] to logits [B, T, C]
 * Throws    what `generate` throws
 * Source    Kim, Rush 2016, arXiv:1606.07947, §3.2; samples in place of the beam's best
 *
 * @example
 * const written = await generateTexts(teacher, { prompts: ['\na', '\nthe'], end: '\n' }).done;
 * const taught = fromTokens(written.map(({ tokens }) => tokens), { promptLengths: written.map((one) => one.promptLength) });
 */
export function generateTexts(
  model: LanguageModel,
  options: GenerateTextsOptions,
): Run<readonly GeneratedText[], GenerateTextsEvent> {
  return startRun((emit, signal) => run(model, options, emit, signal), options?.signal);
}

async function run(
  model: LanguageModel,
  options: GenerateTextsOptions,
  emit: (event: GenerateTextsEvent) => void,
  signal: AbortSignal,
): Promise<readonly GeneratedText[]> {
  const { prompts, batchSize, seed, maxTokens, trainer: given, signal: _, ...writing } = OPTIONS.read(options);
  checkLanguageModel(model);
  const { tokens, sampling, end } = readWriting(writing);
  const begun = Array.from(prompts ?? []).map((prompt, i) => promptOf(prompt, tokens, `prompts[${i}]`));
  await using writer = await openWriter(model, given);
  const request = { prompts: begun, batchSize, seed, maxTokens, sampling, end };
  const onBatch = (written: number) => emit({ type: 'written', written, total: begun.length });
  const all = await writeMany(writer.write, request, onBatch, signal);
  return all.map(({ tokens: written, logProb }, i) => {
    const prompt = begun[i] as Int32Array;
    const textOf = tokens.openText();
    return {
      tokens: Int32Array.from([...prompt, ...written]),
      promptLength: prompt.length,
      text: Array.from(written, (token) => (token === end ? '' : textOf(token))).join(''),
      logProb,
    };
  });
}
