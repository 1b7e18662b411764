// The table as it is kept: rows that were run before stay, and are replaced one by one.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
const deviation = (list) =>
  list.length < 2 ? 0 : Math.sqrt(list.reduce((sum, value) => sum + (value - mean(list)) ** 2, 0) / (list.length - 1));
const isSame = (a, b) => a.name === b.name && a.setting === b.setting;

/** `file`: where it is kept; undefined for nowhere. Rows of a quick look and of a real run do not mix. */
export async function openTable(file, about) {
  const kept = await readKept(file);
  const result = { ...about, date: '', rows: kept.quick === about.quick ? kept.rows : [] };

  // Pages may finish at the same time; one writes after the other.
  let saving = Promise.resolve();
  const save = () => {
    saving = saving.then(write);
    return saving;
  };

  async function write() {
    result.date = new Date().toISOString();
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
    async add({ name, kind, setting, baseline, teacher: own }, results, { teacher, accuracy }, threads) {
      const sorted = results.sort((a, b) => a.seed - b.seed);
      const accuracies = sorted.map((one) => one.accuracy);
      const row = {
        ...{ name, kind, setting, teacher: own ?? teacher, teacherAccuracy: own === undefined ? accuracy : null },
        ...{ seeds: sorted.map(({ seed }) => seed), accuracies },
        ...{ accuracyMean: mean(accuracies), accuracyStdDev: deviation(accuracies) },
        ...{ baseline, baselineMean: null, verdict: '' },
        ...{ msPerRun: Math.round(mean(sorted.map(({ ms }) => ms))), threads },
      };
      result.rows = compared([...result.rows.filter((one) => !isSame(one, row)), row]);
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

/** With what each row is held against, and what follows. */
function compared(rows) {
  return rows.map((row) => {
    const baseline = rows.find((one) => one.setting === row.setting && one.name === (row.baseline ?? row.name));
    return { ...row, baselineMean: baseline?.accuracyMean ?? null, verdict: verdict(row, baseline) };
  });
}

/** Two means of n runs differ when they lie two standard errors of their difference apart. */
function verdict(row, baseline) {
  if (row.baseline === null) return 'baseline';
  if (baseline === undefined) return 'not compared';
  const gain = row.accuracyMean - baseline.accuracyMean;
  const error = Math.sqrt(
    row.accuracyStdDev ** 2 / row.seeds.length + baseline.accuracyStdDev ** 2 / baseline.seeds.length,
  );
  if (gain <= 0) return 'not better than without a teacher';
  if (Math.min(row.seeds.length, baseline.seeds.length) < 2) return 'better, with one seed';
  return gain > 2 * error ? 'better' : 'better by less than the spread';
}
