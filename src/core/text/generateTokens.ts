import { LimbeckError, throwIfAborted } from '../errors.ts';
import { seededRandom } from '../random.ts';
import { takeTurns } from '../turns.ts';
import { type Sampling, sampleToken } from './sampleToken.ts';

/** What answers with the logits of the token that follows. */
export interface TokenModel {
  readonly vocabulary: number;
  /** The most tokens that it can see; undefined where there is no end. */
  readonly context: number | undefined;
  /** Reads the next tokens [B, n] of all texts, several only at their start; logits [B, C] of what follows the last. */
  feed(tokens: Int32Array, rows: number): Promise<ArrayLike<number>>;
}

/** Texts to go on with. Plain values: they cross threads. */
export interface TokenRequest {
  /** [B, P], all of one length. */
  readonly prompts: Int32Array;
  /** One for each text, so that a text does not depend on those beside it. */
  readonly seeds: readonly number[];
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** The token after which a text ends. */
  readonly end: number | undefined;
}

/** The next token of each text and its log-probability; −1 for a text that has ended. */
export interface TokenStep {
  readonly tokens: Int32Array;
  readonly logProbs: Float32Array;
}

/** Writes on where a model computes, and tells each step. Throws what `generateTokens` throws. */
export type TokenWriter = (
  request: TokenRequest,
  emit: (step: TokenStep) => void,
  signal: AbortSignal,
) => Promise<void>;

/** Steps that may be told and not taken yet: to wait for each would cost a word to another thread and back for every token. */
const STEPS_AHEAD = 8;

/**
 * Writes on, token by token, until all texts have ended, have `maxTokens` more tokens, or the model sees no further.
 * Throws    invalid-option: an empty prompt · class-mismatch: a token that the model does not have · sequence-too-long: a
 *           prompt that the model cannot see whole · not-finite · AbortError · what the model throws
 */
export async function generateTokens(
  model: TokenModel,
  { prompts, seeds, maxTokens, sampling, end }: TokenRequest,
  emit: (step: TokenStep) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  throwIfAborted(signal);
  const rows = seeds.length;
  let seen = prompts.length / rows;
  checkPrompts(model, prompts, seen);
  const { vocabulary, context = Number.POSITIVE_INFINITY } = model;
  const randoms = seeds.map(seededRandom);
  const hasEnded = new Array<boolean>(rows).fill(false);
  const turn = takeTurns(signal);
  const telling: Promise<void>[] = [];
  const tell = async (step: TokenStep) => {
    const told = Promise.resolve(emit(step));
    // Its failure is thrown when it is waited for.
    told.catch(() => undefined);
    telling.push(told);
    if (telling.length > STEPS_AHEAD) await telling.shift();
  };
  let next = prompts;
  for (let written = 1; ; written++) {
    const logits = Float32Array.from(await model.feed(next, rows));
    throwIfAborted(signal);
    if (logits.some(Number.isNaN)) throw notFinite(seen);
    const step = { tokens: new Int32Array(rows).fill(-1), logProbs: new Float32Array(rows) };
    for (const [row, random] of randoms.entries()) {
      if (hasEnded[row]) continue;
      const sampled = sampleToken(logits.subarray(row * vocabulary, (row + 1) * vocabulary), sampling, random);
      step.tokens[row] = sampled.token;
      step.logProbs[row] = sampled.logProb;
      hasEnded[row] = sampled.token === end;
    }
    // A text that has ended goes along, and is not looked at.
    next = step.tokens.map((token) => Math.max(token, 0));
    await tell(step);
    if (hasEnded.every(Boolean) || written === maxTokens || seen === context) break;
    seen++;
    await turn();
  }
  await Promise.all(telling);
}

function checkPrompts({ vocabulary, context }: TokenModel, prompts: Int32Array, length: number): void {
  if (length === 0) {
    throw new LimbeckError(
      'invalid-option',
      '"prompt" is empty; a text needs a token to begin with, such as the mark that all texts of the training began with.',
    );
  }
  if (context !== undefined && length > context) {
    throw new LimbeckError(
      'sequence-too-long',
      `"prompt" has ${length} tokens, and the model sees ${context}. Give its last ${context}, or build the model with a ` +
        'greater "length".',
      { details: { tokens: length, context } },
    );
  }
  const wrong = prompts.find((token) => token < 0 || token >= vocabulary);
  if (wrong === undefined) return;
  throw new LimbeckError(
    'class-mismatch',
    `"prompt" holds the token ${wrong}, outside the model's ${vocabulary} tokens (0…${vocabulary - 1}). Give texts in the ` +
      '"alphabet" that the model learned.',
    { details: { token: wrong, vocabulary } },
  );
}

function notFinite(position: number): LimbeckError {
  return new LimbeckError(
    'not-finite',
    `The model's answer after ${position} tokens holds NaN: its weights are damaged.`,
    {
      details: { position },
    },
  );
}
