import { describe, expect, test } from 'vitest';
import { expectNoTensorsLeft } from '../runtime/cases/tensorsLeftCases.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { type Student, studentFromArtifacts } from '../student/student.ts';
import { decoder } from '../student/zoo/decoder.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { recurrentDecoder } from '../student/zoo/recurrentDecoder.ts';
import { fromFunction } from '../teacher/fromFunction.ts';
import type { Teacher } from '../teacher/teacher.ts';
import { type GeneratedToken, type GenerateOptions, generate } from './generate.ts';
import { generateTexts } from './generateTexts.ts';

const HERE = { worker: 'none', backend: 'cpu' } as const;
const ALPHABET = 'abcde.';
const SIZE = { length: 8, vocabulary: 6, width: 8 };

/** Counts on: after a comes b, …, after e the dot, after the dot a; nearly always. */
function counting(): Teacher {
  const ask = ({ input }: Readonly<Record<string, { data: ArrayLike<number>; shape: readonly number[] }>>) => {
    const { data, shape } = input as { data: ArrayLike<number>; shape: readonly number[] };
    const logits = new Float32Array(data.length * 6);
    for (let i = 0; i < data.length; i++) logits[i * 6 + (((data[i] as number) + 1) % 6)] = 5;
    return { logits: { data: logits, shape: [...shape, 6] } };
  };
  return fromFunction(ask, { name: 'counts' });
}

/** With weights, so that each use has the same. */
async function made(student: Student): Promise<Student> {
  await tf.setBackend('cpu');
  const model = await buildStudent(await student.portable(), 5);
  tf.tidy(() => model.setWeights(model.getWeights().map((weight) => tf.mul(weight, 3))));
  const own = studentFromArtifacts('small', await artifactsOf(model));
  model.dispose();
  return own;
}
const small = () => made(decoder({ ...SIZE, heads: 2, hidden: 8, blocks: 1 }));

async function all(
  model: Parameters<typeof generate>[0],
  options: Partial<GenerateOptions>,
): Promise<GeneratedToken[]> {
  const tokens: GeneratedToken[] = [];
  for await (const token of generate(model, { prompt: 'ab', alphabet: ALPHABET, trainer: HERE, ...options }))
    tokens.push(token);
  return tokens;
}
const textOf = (tokens: readonly GeneratedToken[]) => tokens.map(({ text }) => text).join('');

describe('generate', () => {
  expectNoTensorsLeft();

  test('writes what a teacher finds likely, up to the end, and tells how likely', async () => {
    const tokens = await all(counting(), { temperature: 0, end: '.' });
    expect(textOf(tokens)).toBe('cde');
    expect(tokens.map(({ token }) => token)).toEqual([2, 3, 4, 5]);
    const logProb = 5 - Math.log(Math.exp(5) + 5);
    for (const one of tokens) expect(one.logProb).toBeCloseTo(logProb, 5);
    expect(textOf(await all(counting(), { temperature: 0, maxTokens: 9 }))).toBe('cde.abcde');
  });

  test('writes the same for the same seed, another text for another', async () => {
    const student = await small();
    const texts = await Promise.all([1, 1, 2, 3, 4].map((seed) => all(student, { seed })));
    expect(texts[1]).toEqual(texts[0]);
    expect(new Set(texts.map(textOf)).size).toBeGreaterThan(1);
    // A decoder sees eight tokens: two of the prompt, and one more than fits is written.
    expect(texts[0]).toHaveLength(7);
  });

  test('goes on for as long as it is asked where there is no end to what is seen', async () => {
    const student = await made(recurrentDecoder({ ...SIZE, units: 6, layers: 1 }));
    expect(await all(student, { maxTokens: 30 })).toHaveLength(30);
  });

  test('takes bytes: characters come when they are whole', async () => {
    const bytes = [...new TextEncoder().encode('é€')];
    const saying = fromFunction(
      ({ input }) => {
        const { data, shape } = input as { data: ArrayLike<number>; shape: readonly number[] };
        const logits = new Float32Array(data.length * 256);
        for (let i = 0; i < data.length; i++) logits[i * 256 + (bytes[i] ?? 0)] = 9;
        return { logits: { data: logits, shape: [...shape, 256] } };
      },
      { name: 'says é€' },
    );
    const tokens = await all(saying, { prompt: 'a', alphabet: undefined, temperature: 0, maxTokens: 5 });
    expect(tokens.map(({ text }) => text)).toEqual(['', 'é', '', '', '€']);
  });

  test('ends when the loop is left, and when it is aborted', async () => {
    const student = await made(recurrentDecoder({ ...SIZE, units: 6 }));
    const options = { prompt: 'a', alphabet: ALPHABET, trainer: HERE, maxTokens: 1e6 };
    let seen = 0;
    for await (const _ of generate(student, options)) if (++seen === 3) break;
    expect(seen).toBe(3);
    const controller = new AbortController();
    const aborted = async () => {
      for await (const _ of generate(student, { ...options, signal: controller.signal }))
        if (++seen === 6) controller.abort();
    };
    await expect(aborted()).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toBe(6);
    const before = generate(student, { ...options, signal: AbortSignal.abort() });
    await expect(before.next()).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each<[string, Partial<GenerateOptions>, string, RegExp]>([
    ['a negative temperature', { temperature: -0.5 }, 'invalid-option', /"temperature" was -0.5/],
    ['a topP of 0', { topP: 0 }, 'invalid-option', /"topP" was 0/],
    ['no tokens', { maxTokens: 0 }, 'invalid-option', /"maxTokens"/],
    ['an empty prompt', { prompt: '' }, 'invalid-option', /"prompt" is empty/],
    ['a prompt without tokens', { prompt: [] }, 'invalid-option', /"prompt" is empty/],
    ['no prompt', { prompt: undefined as never }, 'invalid-option', /"prompt" must be a text/],
    ['a character that the alphabet lacks', { prompt: 'abz' }, 'class-mismatch', /"abz" holds "z"/],
    ['a token that the model lacks', { prompt: [1, 6] }, 'class-mismatch', /token 6, outside the model's 6/],
    ['what is no token', { prompt: [1, 0.5] }, 'class-mismatch', /0\.5 is no token/],
    [
      'a prompt longer than the context',
      { prompt: 'abcdeabcd' },
      'sequence-too-long',
      /9 tokens, and the model sees 8/,
    ],
    ['an end of two tokens', { end: 'ab' }, 'invalid-option', /"end" was "ab"/],
    ['an option that it does not have', { heat: 1 } as never, 'invalid-option', /no option "heat"/],
  ])('refuses %s', async (_, options, code, message) => {
    await expect(all(await small(), options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('refuses what writes no text', async () => {
    const flat = fromFunction(() => ({ logits: { data: new Float32Array(6), shape: [1, 6] } }), { name: 'flat' });
    await expect(all(flat, {})).rejects.toMatchObject({
      code: 'shape-mismatch',
      message: expect.stringMatching(/\[1, 6\]/),
    });
    await expect(all(mlp({ inputShape: [6] }), {})).rejects.toMatchObject({ code: 'student-invalid' });
    await expect(all({} as never, {})).rejects.toMatchObject({ code: 'invalid-option' });
    const broken = fromFunction(
      ({ input }) => {
        const shape = input?.shape ?? [];
        return { logits: { data: new Float32Array(6 * (shape[1] ?? 0)).fill(Number.NaN), shape: [...shape, 6] } };
      },
      { name: 'broken' },
    );
    await expect(all(broken, {})).rejects.toMatchObject({ code: expect.stringMatching(/not-finite|teacher-failed/) });
  });
});

describe('generateTexts', () => {
  expectNoTensorsLeft();

  test('writes each text as if it were alone, whatever the batch and the lengths of the prompts', async () => {
    const student = await small();
    const prompts = ['a', 'ab', 'c', 'bc', 'a'];
    const write = (batchSize: number) =>
      generateTexts(student, { prompts, alphabet: ALPHABET, batchSize, end: '.', seed: 4, trainer: HERE });
    const [together, apart] = [await write(8).done, await write(1).done];
    expect(together.map(({ tokens }) => [...tokens])).toEqual(apart.map(({ tokens }) => [...tokens]));
    expect(together.map(({ promptLength }) => promptLength)).toEqual([1, 2, 1, 2, 1]);
    for (const { tokens, promptLength, text } of together) {
      const written = [...tokens.subarray(promptLength)].map((token) => ALPHABET[token]).join('');
      expect(written.replace(/\.$/, '')).toBe(text);
      expect(text).not.toContain('.');
    }
  });

  test('tells how many are written, and writes with a teacher too', async () => {
    const run = generateTexts(counting(), { prompts: ['a', 'd', 'bc'], alphabet: ALPHABET, temperature: 0, end: '.' });
    const told: number[] = [];
    for await (const { written, total } of run) told.push(written, total);
    expect(told).toEqual([2, 3, 3, 3]);
    expect((await run.done).map(({ text }) => text)).toEqual(['bcde', 'e', 'de']);
  });

  test('refuses an empty prompt by its number', async () => {
    const run = generateTexts(counting(), { prompts: ['a', ''], alphabet: ALPHABET });
    await expect(run.done).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(/prompts\[1\]/),
    });
  });
});
