// On the page: every method of the table, one run at a time, from the built package.
import { baselines } from './baselines.ts';
import type { Method } from './method.ts';
import { relation } from './relation.ts';
import { response } from './response.ts';
import { type Amounts, FULL, openSetting, QUICK, type Setting, type SettingName } from './settings.ts';

const methods: readonly Method[] = [...baselines, ...response, ...relation];

let setting: (Setting & AsyncDisposable) | undefined;

const api = {
  /** Rows of the table: name, kind, setting, and what it is held against. */
  list: () =>
    methods.flatMap(({ name, kind, settings, baseline = 'labels alone', teacher }) =>
      settings.map((of) => ({ name, kind, setting: of, baseline, teacher })),
    ),
  async open(name: SettingName, isQuick: boolean, threads: number) {
    await setting?.[Symbol.asyncDispose]();
    const amounts: Amounts = isQuick ? QUICK : FULL;
    setting = await openSetting(name, amounts, threads);
    return { teacher: setting.teacher.description.name, ...(await teacherFigures(setting)) };
  },
  async run(name: string, seed: number) {
    const method = methods.find((one) => one.name === name);
    if (method === undefined || setting === undefined)
      throw new Error(`There is no method "${name}", or no open setting.`);
    const startedAt = performance.now();
    const accuracy = await method.run(setting, seed);
    return { accuracy, ms: performance.now() - startedAt };
  },
};

/** Asks about every example once, so that no row pays for it; gives what the teacher itself is worth. */
async function teacherFigures({ teacher, data, holdout }: Setting) {
  const startedAt = performance.now();
  let correct = 0;
  for (const [dataset, isScored] of [
    [data, false],
    [holdout, true],
  ] as const) {
    for (let at = 0; at < dataset.size; at += 64) {
      const indices = Int32Array.from({ length: Math.min(64, dataset.size - at) }, (_, i) => at + i);
      const { inputs, labels } = await dataset.read(indices);
      const { logits } = await teacher.ask(inputs);
      if (logits === undefined) throw new Error('The teacher gives no logits.');
      if (!isScored) continue;
      for (const [i, label] of labels.entries()) {
        const row = [...logits.data.subarray(i * 10, i * 10 + 10)];
        if (row.indexOf(Math.max(...row)) === label) correct++;
      }
    }
  }
  return { accuracy: correct / holdout.size, askMs: performance.now() - startedAt };
}

declare global {
  var experiments: unknown;
}
globalThis.experiments = api;
