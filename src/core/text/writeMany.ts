import { derivedSeed } from '../random.ts';
import type { TokenRequest, TokenStep, TokenWriter } from './generateTokens.ts';

/** Many texts to go on with. */
export interface ManyRequest extends Pick<TokenRequest, 'maxTokens' | 'sampling' | 'end'> {
  readonly prompts: readonly Int32Array[];
  readonly seed: number;
  readonly batchSize: number;
}

/** What was written behind a prompt, and how likely the model found it, in nats. */
export interface WrittenTokens {
  readonly tokens: Int32Array;
  readonly logProb: number;
}

/** The seed of a text among others: a text depends on its prompt, the seed and its number alone. */
export const textSeed = (seed: number, i: number) => derivedSeed(seed, `text/${i}`);

/**
 * Goes on with many texts, those of one length together. `onBatch` is told how many are finished.
 * @returns in the order of the prompts
 */
export async function writeMany(
  write: TokenWriter,
  { prompts, seed, batchSize, ...request }: ManyRequest,
  onBatch: (written: number) => void,
  signal: AbortSignal,
): Promise<WrittenTokens[]> {
  const written = prompts.map(() => ({ tokens: [] as number[], logProb: 0 }));
  let done = 0;
  for (const batch of batchesOfOneLength(prompts, batchSize)) {
    const length = (prompts[batch[0] as number] as Int32Array).length;
    const joined = new Int32Array(batch.length * length);
    for (const [row, i] of batch.entries()) joined.set(prompts[i] as Int32Array, row * length);
    const take = ({ tokens, logProbs }: TokenStep) => {
      for (const [row, token] of tokens.entries()) {
        if (token < 0) continue;
        const own = written[batch[row] as number] as (typeof written)[number];
        own.tokens.push(token);
        own.logProb += logProbs[row] as number;
      }
    };
    await write({ ...request, prompts: joined, seeds: batch.map((i) => textSeed(seed, i)) }, take, signal);
    done += batch.length;
    onBatch(done);
  }
  return written.map(({ tokens, logProb }) => ({ tokens: Int32Array.from(tokens), logProb }));
}

function batchesOfOneLength(prompts: readonly Int32Array[], size: number): number[][] {
  const byLength = new Map<number, number[]>();
  for (const [i, { length }] of prompts.entries()) {
    const own = byLength.get(length);
    if (own === undefined) byLength.set(length, [i]);
    else own.push(i);
  }
  return [...byLength.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / size) }, (_, batch) => all.slice(batch * size, (batch + 1) * size)),
  );
}
