import { abortError } from '../core/errors.ts';
import { given, type OptionsOf, required, schema } from '../core/schema.ts';
import type { TokenStep } from '../core/text/generateTokens.ts';
import type { TokensLike } from '../core/text/tokens.ts';
import { textSeed } from '../core/text/writeMany.ts';
import {
  checkLanguageModel,
  type LanguageModel,
  openWriter,
  promptOf,
  readWriting,
  WRITING,
  type WritingOptions,
} from './writing.ts';

const OPTIONS = schema('generate', {
  /** The beginning of the text, or its tokens; at least one. */
  prompt: required(given<TokensLike>()),
  ...WRITING.fields,
});

/** How a text begins, how tokens are chosen, and where it ends. */
export interface GenerateOptions extends WritingOptions, OptionsOf<typeof OPTIONS> {}

/** One token of the text, as it is written. */
export interface GeneratedToken {
  readonly token: number;
  /** The characters that it completes; none where it is the first half of one. */
  readonly text: string;
  /** How likely the model found it, whatever the temperature, in nats. */
  readonly logProb: number;
}

/**
 * Lets a language model write, token by token: iterate it. A student computes in the page's trainer and keeps what it has
 * seen, keys and values of attention or the states of recurrent layers, so that a token costs little more at the end of a
 * text than at its start. To leave the loop, or to abort, ends it and frees what it held.
 * Shapes    a model from tokens [B, T] to logits [B, T, C]
 * Throws    invalid-option: a negative temperature, an empty prompt · class-mismatch: a character or token that the model
 *           does not have · sequence-too-long: a prompt longer than the context · student-invalid: no language model, or one
 *           that sees what follows · shape-mismatch and unknown-input: a teacher that is none · not-finite · AbortError ·
 *           what `openTrainer` and the teacher throw
 * Source    Holtzman et al. 2020, arXiv:1904.09751 (top-p); Fan et al. 2018, arXiv:1805.04833 (top-k)
 *
 * @example
 * for await (const { text } of generate(student, { prompt: 'a cat is', temperature: 0.8, topP: 0.95 })) show(text);
 */
export async function* generate(
  model: LanguageModel,
  options: GenerateOptions,
): AsyncGenerator<GeneratedToken, void, void> {
  const { prompt, seed, maxTokens, trainer: given, signal, ...writing } = OPTIONS.read(options);
  checkLanguageModel(model);
  const { tokens, sampling, end } = readWriting(writing);
  const prompts = promptOf(prompt, tokens);
  const textOf = tokens.openText();
  const stopping = new AbortController();
  const stop = () => stopping.abort(abortError(signal?.reason));
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop, { once: true });
  const written: GeneratedToken[] = [];
  let wake: () => void = () => undefined;
  let isOver = false;
  const work = async () => {
    stopping.signal.throwIfAborted();
    await using writer = await openWriter(model, given);
    const request = { prompts, seeds: [textSeed(seed, 0)], maxTokens, sampling, end };
    const take = ({ tokens: [token = -1], logProbs: [logProb = 0] }: TokenStep) => {
      written.push({ token, text: token === end ? '' : textOf(token), logProb });
      wake();
    };
    await writer.write(request, take, stopping.signal);
  };
  const working = work().finally(() => {
    isOver = true;
    wake();
  });
  // It is awaited below; meanwhile its failure must not count as unhandled.
  working.catch(() => undefined);
  try {
    while (true) {
      // What is already written when it was aborted is not told any more.
      if (stopping.signal.aborted) throw stopping.signal.reason;
      const next = written.shift();
      if (next !== undefined) yield next;
      else if (isOver) return await working;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    stopping.abort();
    await working.catch(() => undefined);
  }
}
