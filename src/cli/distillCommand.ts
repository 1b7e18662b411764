import { bytes as bytesText, countOf, duration, figures, percent } from '../core/figures.ts';
import { split } from '../data/views.ts';
import type { DistillReport } from '../distill/report.ts';
import { inspectOnnx } from '../onnx/describe/inspect.ts';
import { studentMetadata } from '../onnx/describe/onnxMetadata.ts';
import type { Student } from '../student/student.ts';
import { numberOf, onlyFile, outputFile, outputOption } from './arguments.ts';
import { bundled } from './bundled.ts';
import { lossByName, STUDENTS, studentByName } from './byName.ts';
import { command } from './command.ts';
import { EXAMPLE_OPTIONS, readExamples } from './examples/readExamples.ts';
import { INPUT_OPTION, imageTensor, teacherInput } from './examples/teacherInput.ts';
import { withTeachersClasses } from './examples/withTeachersClasses.ts';
import type { Console } from './openConsole.ts';
import { jsonText, reportText } from './printable.ts';
import { quietTfjs } from './quietTfjs.ts';
import { showRun } from './showRun.ts';
import { writeFiles, writtenText } from './writeFiles.ts';

/** What few examples need, where nobody says how often they are seen: at least so many steps, in at most so many epochs. */
const FEWEST_STEPS = 600;
const LEAST_EPOCHS = 6;
const MOST_EPOCHS = 60;
const BATCH = 64;

export const distillCommand = command({
  name: 'distill',
  summary: 'teaches a small student what an ONNX model answers',
  usage: '[options] --data WHAT --output FOLDER TEACHER.onnx',
  about: `Writes student.limbeck, a bundle with the student as tfjs layers and as ONNX, and report.json. Ctrl-C stops it and keeps
the student as the last finished step made it.`,
  options: {
    ...EXAMPLE_OPTIONS,
    input: INPUT_OPTION,
    output: { ...outputOption('the folder of the results'), value: 'FOLDER' },
    student: {
      kind: 'text',
      value: 'NAME',
      help: `${STUDENTS.join(', ')}, or the file of a student that goes on learning; default: cnn for pictures, mobilenetV1 for large ones, else mlp`,
      api: 'student',
    },
    'student-options': { kind: 'text', value: 'JSON', help: `of a student by name, such as '{"hidden": [64]}'` },
    loss: { kind: 'text', value: 'NAME', help: 'a loss of limbeck by its name; default: softTargets', api: 'loss' },
    'loss-options': { kind: 'text', value: 'JSON', help: `of the loss, such as '{"temperature": 4}'` },
    holdout: {
      kind: 'text',
      value: 'FRACTION',
      help: 'of the examples, to measure on and not to learn from; 0 for none; default: 0.1',
      api: 'holdout',
    },
    epochs: {
      kind: 'text',
      value: 'N',
      help: `how often all examples are seen; default: ${LEAST_EPOCHS}, more where there are few`,
      api: 'epochs',
    },
    batch: { kind: 'text', value: String(BATCH), help: 'examples of one step', api: 'batchSize' },
    rate: { kind: 'text', value: '0.001', help: 'the learning rate of adam', api: 'learningRate' },
    seed: { kind: 'text', value: '0', help: 'decides first weights, order and held-out examples', api: 'seed' },
  },
  fails: 'where the teacher or the examples cannot be read, or do not fit',
  async work(values, files, console) {
    const file = onlyFile(files);
    const folder = outputFile(values.output).replace(/(?<=.)\/+$/, '');
    const signal = console.interrupt();
    const progress = await console.openProgress();
    try {
      const teacherBytes = await console.readFile(file);
      const about = await inspectOnnx(teacherBytes, { name: file });
      const tensor = imageTensor(about.inputs);
      const examples = await readExamples(values, tensor, { console, progress, signal });
      const [seed, batchSize] = [numberOf(values.seed ?? '0'), numberOf(values.batch ?? String(BATCH))];
      const assets = console.assetBase === undefined ? {} : { assetBase: console.assetBase };
      await quietTfjs();
      const [{ loadTeacher }, { distill }] = await Promise.all([
        import('../teacher/onnx.ts'),
        import('../distill/distill.ts'),
      ]);
      const input = teacherInput(values.input, examples.data, tensor);
      const loading = loadTeacher(teacherBytes, {
        name: file,
        worker: 'none',
        signal,
        ...assets,
        ...(input && { input }),
      });
      await using teacher = await loading.done;
      const classes = classesOf(teacher.description.outputs);
      const { labels, labelled } = withTeachersClasses(examples, {
        classes,
        known: studentMetadata(teacherBytes).labels,
        progress,
      });
      const [holdout, data] = split(labelled, numberOf(values.holdout ?? '0.1'), seed);
      const student = await studentByName(values.student, values['student-options'], { data, classes, console });
      const run = distill({
        teacher,
        student,
        data,
        ...(holdout.size > 0 && { holdout }),
        ...(values.loss !== undefined && { loss: await lossByName(values.loss, values['loss-options']) }),
        epochs: values.epochs === undefined ? epochsFor(data.size, batchSize) : numberOf(values.epochs),
        batchSize,
        ...(values.rate !== undefined && { optimizer: { name: 'adam', learningRate: numberOf(values.rate) } }),
        seed,
        trainer: { worker: 'none', ...assets },
        signal,
      });
      let report: DistillReport;
      try {
        ({ report } = await showRun(run, progress));
      } catch (error) {
        progress.stop();
        if (signal.aborted) await keep(student, folder, labels, console);
        throw error;
      }
      progress.stop();
      const bundle = await bundled(student, { report, ...(labels && { labels }) }, console);
      const written = await writeFiles(
        { [`${folder}/student.limbeck`]: bundle, [`${folder}/report.json`]: jsonText(report) },
        console,
      );
      console.write(values.json ? jsonText({ ...report, written }) : `${textOf(report)}${writtenText(written)}`);
    } finally {
      progress.stop();
    }
  },
});

function epochsFor(size: number, batchSize: number): number {
  const steps = Math.max(1, Math.ceil(size / batchSize));
  return Math.min(Math.max(Math.ceil(FEWEST_STEPS / steps), LEAST_EPOCHS), MOST_EPOCHS);
}

/** The length of the teacher's first output; undefined where its file leaves it open. */
function classesOf(outputs: Readonly<Record<string, readonly (number | null)[]>>): number | undefined {
  return Object.values(outputs)[0]?.at(-1) ?? undefined;
}

/** What an interrupted run has learned. */
async function keep(
  student: Student,
  folder: string,
  labels: readonly string[] | undefined,
  console: Console,
): Promise<void> {
  if (student.artifacts === undefined) {
    console.writeError('Nothing was learned yet, so nothing is kept.\n');
    return;
  }
  const bundle = await bundled(student, labels === undefined ? {} : { labels }, console);
  const written = await writeFiles({ [`${folder}/student.limbeck`]: bundle }, console);
  console.writeError(`Kept as the last finished step made it:\n${writtenText(written)}`);
}

function textOf({ teacher, student, examples, epochs, holdout, timeMs }: DistillReport): string {
  const measured = Object.entries(holdout).map(([name, value]) => {
    const isFraction = /agreement|accuracy/i.test(name);
    return `${name.padEnd(22)} ${isFraction ? percent(value) : figures(value)}`;
  });
  return reportText([
    [
      `teacher                ${teacher?.name ?? 'none'}, ${bytesText(teacher?.bytes)}`,
      `student                ${countOf(student.parameters, 'parameter')}, ${bytesText(student.bytes)}`,
      `learned from           ${countOf(examples, 'example')}, ${countOf(epochs.length, 'epoch')}, ${duration(timeMs.total)}`,
      ...measured,
    ],
  ]);
}
