// What the main job shows in a terminal: progress bars while it works, a table at the end.
import cliProgress from 'cli-progress';
import { bytes, count, countOf, duration, figures, percent, timeLeft, times } from './figures.mjs';

/** One line a stage; on a terminal they move, elsewhere a line is written now and then. */
export function startProgress() {
  const isTerminal = process.stdout.isTTY === true;
  const bars = new cliProgress.MultiBar(
    {
      format: '{name} {bar} {percentage} %  {note}',
      barsize: 30,
      hideCursor: true,
      noTTYOutput: false,
      clearOnComplete: false,
    },
    cliProgress.Presets.rect,
  );
  const open = new Map();
  let lastLine = 0;
  let isStopped = false;
  const set = (name, done, total, note, isImportant = false) => {
    if (isTerminal) {
      let bar = open.get(name);
      if (bar === undefined) {
        bar = bars.create(total, 0, { name: name.padEnd(8), note: '' });
        open.set(name, bar);
      }
      bar.setTotal(total);
      bar.update(Math.min(done, total), { note });
    } else if (isImportant || performance.now() - lastLine > 5000) {
      lastLine = performance.now();
      console.log(`${name.padEnd(8)} ${((100 * done) / total).toFixed(0).padStart(3)} %  ${note}`);
    }
  };
  const show = (event) => {
    if (event.type === 'load') {
      const total = event.totalBytes ?? event.loadedBytes;
      set('load', event.loadedBytes, total, `${bytes(event.loadedBytes)} of the teacher`, event.loadedBytes === total);
    } else if (event.type === 'teacher') {
      const { answered, total, examplesPerSecond, remainingMs } = event;
      const note = `${count(answered)} of ${count(total)} asked, ${figures(examplesPerSecond)} examples/s, ${timeLeft(remainingMs)}`;
      set('teacher', answered, total, note, answered === total);
    } else if (event.type === 'step') {
      const { epoch, step, steps, loss, examplesPerSecond, remainingMs } = event;
      const note = `epoch ${epoch}, loss ${figures(loss)}, ${figures(examplesPerSecond)} examples/s, ${timeLeft(remainingMs)}`;
      const done = epoch - 1 + step / steps;
      set(
        'train',
        done,
        Math.max(done + remainingMs / Math.max(1, event.remainingMs), state.epochs),
        `${note}${state.note}`,
      );
    } else if (event.type === 'epoch') {
      state.epochs = event.epochs;
      state.note = `, held-out agreement ${percent(event.holdout.agreement)}`;
      const note = `epoch ${event.epoch} of ${event.epochs}, loss ${figures(event.loss)}${state.note}, ${timeLeft(event.remainingMs)}`;
      set('train', event.epoch, event.epochs, note, true);
    } else if (event.type === 'notice') {
      if (isTerminal) bars.log(`note: ${event.message}\n`);
      else console.log(`note: ${event.message}`);
    } else if (event.type === 'stage' && event.stage === 'measure') {
      set('measure', 0, 1, 'milliseconds per example of both', true);
    } else if (event.type === 'stage' && event.stage === 'export') {
      set('export', 0, 1, 'ONNX in full, int8 and float16, read by onnxruntime-web', true);
    }
  };
  const state = { epochs: 6, note: '' };
  return {
    show,
    stop() {
      if (isStopped) return;
      isStopped = true;
      if (open.has('export')) set('export', 1, 1, 'ONNX in full, int8 and float16, read by onnxruntime-web');
      if (open.has('measure')) set('measure', 1, 1, 'milliseconds per example of both');
      bars.stop();
    },
  };
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   ');
  const [head, ...body] = rows;
  return [line(head), widths.map((width) => '─'.repeat(width)).join('   '), ...body.map(line)].join('\n');
}

/** Asked in batches of one, there is nothing to say of batches. */
function askedText({ computed, calls }) {
  return calls === 0 || calls === computed
    ? count(computed)
    : `${count(computed)}, in ${countOf(calls, 'batch', 'batches')}`;
}

const FORMS = { tfjs: 'tfjs, own kernels', onnx: 'ONNX', int8: 'ONNX, int8', float16: 'ONNX, float16' };

export function printReport(report, wallMs) {
  const { teacher, student, timeMs } = report;
  const ratio = (a, b) => `${times(a / b)} ×`;
  console.log(
    `\n${table([
      ['', 'teacher', 'student', 'teacher ÷ student'],
      ['model', teacher.name, `${student.name}, ${countOf(student.parameters, 'parameter')}`, ''],
      ['accuracy, held out', percent(teacher.accuracy), percent(student.accuracy), ''],
      ['agreement with the teacher', '', percent(student.agreement), ''],
      ['answers it gave', askedText(teacher.usage), '', ''],
      ['answers kept from earlier', count(teacher.usage.found), '', ''],
      ['bytes', bytes(teacher.bytes), bytes(student.bytes), ratio(teacher.bytes, student.bytes)],
      ...Object.keys(teacher.msPerExample).map((batch) => [
        `per example, batch ${batch}`,
        duration(teacher.msPerExample[batch]),
        duration(student.msPerExample[batch]),
        ratio(teacher.msPerExample[batch], student.msPerExample[batch]),
      ]),
    ])}`,
  );
  if (report.forms) {
    const rows = Object.entries(report.forms).map(([form, { accuracy, bytes: size, msPerExample }]) => [
      FORMS[form] ?? form,
      percent(accuracy),
      bytes(size),
      duration(msPerExample['1']),
      duration(msPerExample['32']),
    ]);
    console.log(`\n${table([['the student as', 'accuracy', 'bytes', 'batch 1', 'batch 32'], ...rows])}`);
  }
  const names = { setup: 'setup', load: 'load', teacher: 'teacher + student', train: 'student', evaluate: 'evaluate' };
  const parts = Object.entries(names).map(([key, name]) => `${name} ${duration(timeMs[key])}`);
  console.log(
    `\ntime     ${parts.join(' · ')} · total ${duration(timeMs.total)} (with set-up here ${duration(wallMs)}; the student was there after ${duration(report.command.studentMs)})`,
  );
  console.log(
    `device   ${report.backend}, ${countOf(report.threads, 'thread')}, SIMD ${report.simdLevel}, ` +
      `${report.isIsolated ? '' : 'not '}isolated, longest main-thread task ${duration(report.longestMainThreadTaskMs)}`,
  );
  console.log(
    `overlap  teacher and student worked at the same time for ${percent(report.overlapFraction)} of the shorter one's work` +
      `${teacher.measuredAt ? `; the teacher's times were measured ${teacher.measuredAt.slice(0, 16).replace('T', ' ')}` : ''}`,
  );
  if (teacher.why) console.log(`teacher  ${teacher.why}`);
  console.log(
    `learned  from ${countOf(report.examples.learned, 'digit')} without labels, scored on ${count(report.examples.heldOut)}, seed ${report.seed}`,
  );
  console.log('written  out/report.json · out/report.html · out/student/: model.json, weights.bin, student.onnx, …\n');
}
