// On the page: every method of the table, one run at a time, from the built package.
import { FULL, QUICK, type SettingName } from './amounts.ts';
import { baselines } from './baselines.ts';
import { combination } from './combination.ts';
import { crossModal } from './crossModal.ts';
import { graph } from './graph.ts';
import { intermediate } from './intermediate.ts';
import { leftOut } from './leftOut.ts';
import type { Method } from './method.ts';
import { multiTeacher } from './multiTeacher.ts';
import { accuracy, logitsOf, logitsOfTeacher } from './named.ts';
import { objectives } from './objectives.ts';
import { online } from './online.ts';
import { relation } from './relation.ts';
import { response } from './response.ts';
import { self } from './self.ts';
import { askEverything, openSetting, type Setting } from './settings.ts';

const methods: readonly Method[] = [
  ...baselines,
  ...response,
  ...intermediate,
  ...relation,
  ...combination,
  ...multiTeacher,
  ...online,
  ...self,
  ...crossModal,
  ...graph,
  ...objectives,
];

let setting: (Setting & AsyncDisposable) | undefined;

const api = {
  /** Rows of the table: name, kind, setting, and what it is held against; and what is in no row. */
  list: () => ({
    leftOut,
    rows: methods.flatMap(({ name, kind, settings, baseline = 'labels alone', teacher }) =>
      settings.map((of) => ({
        ...{ name, kind, setting: of, teacher },
        baseline: kind === 'baseline' ? null : typeof baseline === 'string' ? baseline : baseline(of),
      })),
    ),
  }),
  async open(name: SettingName, isQuick: boolean, threads: number) {
    await setting?.[Symbol.asyncDispose]();
    setting = await openSetting(name, isQuick ? QUICK : FULL, threads);
    const { teacher, maps, holdout } = setting;
    for (const one of new Set([teacher, maps])) await askEverything(one, setting);
    const logits = await logitsOfTeacher(setting, holdout);
    return { teacher: teacher.description.name, accuracy: await accuracy(logits, holdout) };
  },
  async run(name: string, seed: number) {
    const method = methods.find((one) => one.name === name);
    if (method === undefined || setting === undefined)
      throw new Error(`There is no method "${name}", or no open setting.`);
    const startedAt = performance.now();
    const student = await method.run(setting, seed);
    const ms = performance.now() - startedAt;
    const holdout = method.holdout?.(setting) ?? setting.holdout;
    return { accuracy: await accuracy(await logitsOf(setting, student, holdout), holdout, method.among), ms };
  },
};

declare global {
  var experiments: unknown;
}
globalThis.experiments = api;
