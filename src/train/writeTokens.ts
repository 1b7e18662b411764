import type { LayersModel } from '@tensorflow/tfjs-layers';
import { derivedSeed } from '../core/random.ts';
import { generateTokens, type TokenRequest, type TokenStep } from '../core/text/generateTokens.ts';
import { asStudent } from '../student/layersModel.ts';
import type { Student } from '../student/student.ts';
import { asTokenModel } from '../teacher/asTokenModel.ts';
import type { Teacher } from '../teacher/teacher.ts';
import type { Trainer } from './trainer.ts';

/** What writes: a student, which keeps what it has seen; or a teacher, which is asked about the whole text for each token. */
export type LanguageModel = Student | LayersModel | Teacher;

export function isTeacher(model: LanguageModel): model is Teacher {
  return typeof (model as Partial<Teacher> | null)?.ask === 'function';
}

/** Goes on with some texts of one length, where the model computes. Throws what `generateTokens` throws. */
export async function writeTokens(
  model: LanguageModel,
  request: TokenRequest,
  trainer: Pick<Trainer, 'generate'> | undefined,
  emit: (step: TokenStep) => void,
  signal: AbortSignal,
): Promise<void> {
  if (isTeacher(model)) return generateTokens(await asTokenModel(model, signal), request, emit, signal);
  await (trainer as Trainer).generate(asStudent(model), request, emit, signal);
}

/** Many texts to go on with. */
export interface ManyRequest extends Pick<TokenRequest, 'maxTokens' | 'sampling' | 'end'> {
  readonly prompts: readonly Int32Array[];
  readonly seed: number;
  readonly batchSize: number;
}

/**
 * Goes on with many texts, those of one length together. A text depends on its prompt, the seed and its number alone.
 * @returns what was written, in the order of the prompts, and its log-probability
 */
export async function writeMany(
  model: LanguageModel,
  { prompts, seed, batchSize, ...request }: ManyRequest,
  trainer: Pick<Trainer, 'generate'> | undefined,
  onBatch: (written: number) => void,
  signal: AbortSignal,
): Promise<{ tokens: Int32Array; logProb: number }[]> {
  const written = prompts.map(() => ({ tokens: [] as number[], logProb: 0 }));
  let done = 0;
  for (const batch of batchesOfOneLength(prompts, batchSize)) {
    const length = (prompts[batch[0] as number] as Int32Array).length;
    const joined = new Int32Array(batch.length * length);
    for (const [row, i] of batch.entries()) joined.set(prompts[i] as Int32Array, row * length);
    const seeds = batch.map((i) => derivedSeed(seed, `text/${i}`));
    const take = ({ tokens, logProbs }: TokenStep) => {
      for (const [row, token] of tokens.entries()) {
        if (token < 0) continue;
        const own = written[batch[row] as number] as (typeof written)[number];
        own.tokens.push(token);
        own.logProb += logProbs[row] as number;
      }
    };
    await writeTokens(model, { ...request, prompts: joined, seeds }, trainer, take, signal);
    done += batch.length;
    onBatch(done);
  }
  return written.map(({ tokens, logProb }) => ({ tokens: Int32Array.from(tokens), logProb }));
}

function batchesOfOneLength(prompts: readonly Int32Array[], size: number): number[][] {
  const byLength = new Map<number, number[]>();
  for (const [i, { length }] of prompts.entries()) byLength.set(length, [...(byLength.get(length) ?? []), i]);
  return [...byLength.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / size) }, (_, batch) => all.slice(batch * size, (batch + 1) * size)),
  );
}
