// Is a first start on a busy machine as good as one on a quiet machine? Runs `npm start` twice from nothing, the second time while
// as many processes as there are cores compute for its first seconds, and compares: the same student, bit for bit, and a
// batch size that costs at most a tenth more than the best one, by what the quiet run found out of all sizes.
//   node scripts/busyStart.mjs [--seconds 25] [--burners 2] [--json FILE] [-- options of npm start]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt, ensureChromium, ensurePackages, root } from './ensure.mjs';

const MOST_EXCESS = 0.1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '25' },
    burners: { type: 'string', default: String(cpus().length) },
    json: { type: 'string' },
  },
});
process.chdir(root);
ensurePackages();
ensureChromium();
ensureBuilt();
const { count, duration, percent } = await import('./figures.mjs');

function start() {
  const startedAt = performance.now();
  const { status } = spawnSync('node', ['scripts/start.mjs', '--fresh', ...positionals], { stdio: 'inherit' });
  if (status !== 0) throw new Error('npm start failed.');
  const report = JSON.parse(readFileSync('out/report.json', 'utf8'));
  const student = createHash('sha256').update(readFileSync('out/student/weights.bin')).digest('hex');
  return { report, student, ms: performance.now() - startedAt };
}

/** Each burns one core. A process of its own ends them in time, as this one waits for the start. */
function burn() {
  const script = `const end = performance.now() + ${1000 * Number(values.seconds)}; while (performance.now() < end);`;
  return Array.from({ length: Number(values.burners) }, () => spawn('node', ['-e', script], { stdio: 'ignore' }));
}

const quiet = start();
const burners = burn();
const busy = start();
for (const burner of burners) burner.kill();

/** What a batch size costs compared with the best one, on a quiet machine. */
function excessOf(size) {
  const known = quiet.report.teacher.batchFigures ?? [];
  const own = known.find(({ batchSize }) => batchSize === size) ?? { msPerExample: Number.POSITIVE_INFINITY };
  return own.msPerExample / Math.min(...known.map(({ msPerExample }) => msPerExample)) - 1;
}

const result = Object.fromEntries(
  Object.entries({ quiet, busy }).map(([name, { report, student, ms }]) => {
    const { device, batchSize, batchFigures, usage } = report.teacher;
    return [name, { ms, student, accuracy: report.student.accuracy, device, batchSize, batchFigures, usage }];
  }),
);
for (const [name, { ms, accuracy, device, batchSize, usage }] of Object.entries(result)) {
  console.log(
    `${name.padEnd(6)} ${duration(ms)}, student ${percent(accuracy)}, teacher on ${device}, ${count(usage.computed)} answers, ` +
      `${batchSize} at a time (${percent(excessOf(batchSize))} above the best)`,
  );
}
const isSame = quiet.student === busy.student;
const excess = excessOf(busy.report.teacher.batchSize);
console.log(`the students are ${isSame ? 'the same, bit for bit' : 'DIFFERENT'}`);
if (values.json !== undefined) {
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(
    values.json,
    `${JSON.stringify({ date: new Date().toISOString(), ...result, isSame, excess }, null, 2)}\n`,
  );
}
if (!isSame || !(excess <= MOST_EXCESS)) process.exit(1);
