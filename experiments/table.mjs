// The table as it is kept: rows that were run before stay, and are replaced one by one.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deviation, mean, pairedVerdict } from './pairedVerdict.mjs';

/** Raised when rows from before a change cannot be compared with later ones; such rows are dropped. */
const PROTOCOL = 2;
const isSame = (a, b) => a.name === b.name && a.setting === b.setting;

/**
 * `file`: where it is kept, if at all. Rows do not mix where one was a quick look, or scored on other digits.
 * @param {string | undefined} file
 * @param {{ machine: string, browser: string, quick: boolean, scoredOn: string, scored: number, commit: string }} about
 */
export async function openTable(file, { commit, ...about }) {
  const kept = await readKept(file);
  const isAlike = kept.quick === about.quick && kept.protocol === PROTOCOL && kept.scoredOn === about.scoredOn;
  const isOneMachine = kept.machine === about.machine;
  if (isAlike && !isOneMachine) throw new Error(`${file} was measured on ${kept.machine}; give another --json.`);
  const result = { ...about, protocol: PROTOCOL, rows: isAlike ? kept.rows : [] };

  // Pages may finish at the same time; one writes after the other.
  let saving = Promise.resolve();
  const save = () => {
    saving = saving.then(write);
    return saving;
  };

  async function write() {
    if (file === undefined) return;
    await mkdir(dirname(file), { recursive: true });
    // Never half a file, whenever it is stopped.
    // Lists of numbers on one line, as the house's formatter has them.
    const text = JSON.stringify(result, null, 2).replace(
      /\[\s+([-\d.e,\s]+?)\s+\]/g,
      (_, list) => `[${list.replace(/\s+/g, ' ')}]`,
    );
    await writeFile(`${file}.new`, `${text}\n`);
    await rename(`${file}.new`, file);
  }

  return {
    result,
    has: (row, seeds) =>
      result.rows.some((one) => isSame(one, row) && (seeds === undefined || seeds.every((s) => one.seeds.includes(s)))),
    async add({ name, kind, setting, baseline, addsTo, teacher: own }, results, { teacher, accuracy }, threads) {
      const sorted = results.sort((a, b) => a.seed - b.seed);
      const accuracies = sorted.map((one) => one.accuracy);
      const row = {
        ...{ name, kind, setting, teacher: own ?? teacher, teacherAccuracy: own === undefined ? accuracy : null },
        ...{ seeds: sorted.map(({ seed }) => seed), accuracies },
        ...{ accuracyMean: mean(accuracies), accuracyStdDev: deviation(accuracies) },
        ...{ baseline, addsTo, msPerRun: Math.round(mean(sorted.map(({ ms }) => ms))), threads },
        ...{ date: new Date().toISOString(), commit },
      };
      result.rows = compared([...result.rows.filter((one) => !isSame(one, row)), row], about.scored);
      await save();
      return result.rows.find((one) => isSame(one, row));
    },
    /** Says before each row the how manieth of how many it is, and about how long the rest takes. */
    progress(rows, seedCount, pages) {
      const known = new Map(result.rows.map(({ name, setting, msPerRun }) => [`${setting} ${name}`, msPerRun]));
      const left = new Set(rows);
      return (row) => {
        left.delete(row);
        const now = result.rows.find((one) => isSame(one, row));
        if (now !== undefined) known.set(`${row.setting} ${row.name}`, now.msPerRun);
        const usual = known.size === 0 ? 0 : mean([...known.values()]);
        const ms = [...left].reduce((sum, { name, setting }) => sum + (known.get(`${setting} ${name}`) ?? usual), 0);
        const minutes = Math.ceil((ms * seedCount) / pages / 60_000);
        return `[${rows.length - left.size} of ${rows.length}, ${minutes} min left]`;
      };
    },
  };
}

async function readKept(file) {
  if (file === undefined) return { rows: [] };
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '{ "rows": [] }';
    throw error;
  });
  return JSON.parse(text);
}

/** With what each row is compared with, and what follows. */
export function compared(rows, scored) {
  return rows.map((row) => {
    const named = (name) => rows.find((one) => one.setting === row.setting && one.name === name);
    const baseline = named(row.baseline ?? row.name);
    const added = named(row.addsTo);
    return {
      ...row,
      baselineMean: baseline?.accuracyMean ?? null,
      ...(row.baseline === null ? { gain: null, margin: null, verdict: 'baseline' } : compare(row, baseline, scored)),
      added: row.addsTo === null ? null : compare(row, added, scored),
    };
  });
}

function compare(row, other, scored) {
  return other === undefined
    ? { gain: null, margin: null, verdict: 'not compared' }
    : pairedVerdict(row, other, scored);
}
