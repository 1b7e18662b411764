// On the page: a decoder writes texts token by token, by turns with what is beside the browser.
import {
  crossEntropy,
  type DecoderOptions,
  decoder,
  distill,
  fromTokens,
  generate,
  openTrainer,
  perToken,
  type Student,
  type Trainer,
} from 'limbeck';
import { timePasses } from '../../src/core/timing.ts';
import type { Timed } from './answerQuestions.ts';
import { besideSide, measureRuns, type RunSettings, type Side, subjectOf } from './sides.ts';

interface Row {
  readonly key: string;
}

/** A student as one has it that learned: with its weights. */
async function trained(size: Required<DecoderOptions>): Promise<Student> {
  const { length, vocabulary } = size;
  const data = fromTokens([Int32Array.from({ length }, (_, i) => i % vocabulary)], { length });
  await using trainer = await openTrainer({ threads: 1 });
  const run = distill({ student: decoder(size), data, loss: perToken(crossEntropy()), epochs: 1, trainer });
  return (await run.done).student as Student;
}

/** `generate` with a trainer of its own; a pass is one text, as long as the context. Only the pace is measured: weights are random. */
function writingSide(student: Student, size: Required<DecoderOptions>, trainer: Trainer): Side {
  const write = async () => {
    const writing = { prompt: [0], temperature: 0.7, topP: 0.95, maxTokens: size.length, trainer };
    for await (const _ of generate(student, writing));
  };
  return {
    async ask<Answer>(request: object) {
      const { figures, together } = request as Timed;
      return (await timePasses(write, figures, 0, together)) as Answer;
    },
    end: () => undefined,
  };
}

async function measure(
  size: Required<DecoderOptions>,
  here: readonly (Row & { readonly threads: number })[],
  beside: readonly (Row & { readonly name: string; readonly request: object })[],
  settings: RunSettings,
) {
  await using opened = new AsyncDisposableStack();
  const student = await trained(size);
  const sides = [];
  for (const { key, threads } of here) {
    const trainer = opened.use(await openTrainer({ threads }));
    sides.push({ key, subject: subjectOf(writingSide(student, size, trainer), {}) });
  }
  for (const { key, name, request } of beside) sides.push({ key, subject: subjectOf(besideSide(name), request) });
  // The trainers stay open until it has ended.
  return await measureRuns(sides, settings);
}

Object.assign(globalThis, { bench: { measure } });
