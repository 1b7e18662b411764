// On the page: a decoder writes texts token by token, by turns with what is beside the browser.
import { type DecoderOptions, decoder, generate, openTrainer, type Trainer } from 'limbeck';
import { timePasses } from '../../src/core/timing.ts';
import type { Timed } from './answerQuestions.ts';
import { besideSide, measureRuns, type RunSettings, type Side, subjectOf } from './sides.ts';

interface Row {
  readonly key: string;
}

/** `generate` with a trainer of its own; a pass is one text, as long as the context. Only the pace is measured: weights are random. */
function writingSide(size: Required<DecoderOptions>, trainer: Trainer): Side {
  const student = decoder(size);
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
  const sides = [];
  for (const { key, threads } of here) {
    const trainer = opened.use(await openTrainer({ threads }));
    sides.push({ key, subject: subjectOf(writingSide(size, trainer), {}) });
  }
  for (const { key, name, request } of beside) sides.push({ key, subject: subjectOf(besideSide(name), request) });
  // The trainers stay open until it has ended.
  return await measureRuns(sides, settings);
}

Object.assign(globalThis, { bench: { measure } });
