// On the page: every method of the table, one run at a time, from the built package.
import { FULL, QUICK, type SettingName } from './amounts.ts';
import { comparedWith } from './method.ts';
import { methods } from './methods.ts';
import { accuracy, logitsOf, logitsOfTeacher } from './named.ts';
import { askEverything, type OpenSetting, openSetting, readDigits } from './settings.ts';
import { seenHeldOut } from './variant.ts';

let setting: OpenSetting | undefined;

const api = {
  /** Rows of the table: name, kind, setting, and what they are compared with; and on how many digits they are scored. */
  async list(isQuick: boolean) {
    const rows = methods.flatMap((method) => {
      const { name, kind, settings, teacher, isCandidate = false } = method;
      return settings.map((of) => ({ name, kind, setting: of, teacher, isCandidate, ...comparedWith(method, of) }));
    });
    return { rows, scored: (await readDigits(isQuick ? QUICK : FULL)).holdout.size };
  },
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
    const own = setting.of(seed);
    // Of the whole run, for who wants to do it again: methods are compared by accuracy, not by time.
    const startedAt = performance.now();
    const student = await method.run(own, seed);
    const ms = performance.now() - startedAt;
    const holdout = method.holdout?.(own) ?? seenHeldOut(method.view, own.holdout);
    return { accuracy: await accuracy(await logitsOf(own, student, holdout), holdout, method.among), ms };
  },
};

declare global {
  var experiments: unknown;
}
globalThis.experiments = api;
