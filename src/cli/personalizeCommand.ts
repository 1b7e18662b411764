import { LimbeckError } from '../core/errors.ts';
import { count, duration, figures, percent } from '../core/figures.ts';
import { type Dataset, isLabelled, type LabelledDataset } from '../data/dataset.ts';
import { inspectOnnx } from '../onnx/describe/inspect.ts';
import { studentFromArtifacts } from '../student/student.ts';
import { numberOf, onlyFile, outputFile, outputOption } from './arguments.ts';
import { bundled } from './bundled.ts';
import { command } from './command.ts';
import { EXAMPLE_OPTIONS, readExamples } from './examples/readExamples.ts';
import { renumbered } from './examples/renumbered.ts';
import { INPUT_OPTION, imageTensor, teacherInput } from './examples/teacherInput.ts';
import type { Console } from './openConsole.ts';
import { jsonText, reportText } from './printable.ts';
import type { Progress } from './progress.ts';
import { quietTfjs } from './quietTfjs.ts';
import { showRun } from './showRun.ts';
import { isStudentFile, readStudentFile } from './studentFile.ts';
import { writeFiles, writtenText } from './writeFiles.ts';

const METHODS = ['lora', 'headOnly', 'prototypes', 'biasOnly', 'full', 'knn'] as const;

/** What the work shares. */
interface Work {
  readonly folder: string;
  readonly console: Console;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What is said of a run, and the files that it gives. */
interface Outcome {
  readonly report: {
    readonly verdict: { readonly isAccepted: boolean; readonly why: string };
    readonly metric: string;
    readonly own: { readonly before: number; readonly after: number; readonly examples: number } | undefined;
    readonly examples: { readonly learned: number; readonly held: number };
    readonly timeMs: { readonly total: number };
  };
  readonly files: Readonly<Record<string, Uint8Array>>;
}

export const personalizeCommand = command({
  name: 'personalize',
  summary: "adapts a student, or an ONNX model, to one person's examples",
  usage: '[options] --data WHAT --output FOLDER MODEL',
  about: `MODEL is a bundle or a model.json, which stays as it is: personal.safetensors holds the patch, personal.limbeck the student with
it. Or it is an ONNX file, of which personal.onnx is made. A patch that makes the person's examples worse is refused. Where a
student knows the names of its classes, folders go by these names, and new ones are added at the end.`,
  options: {
    ...EXAMPLE_OPTIONS,
    input: INPUT_OPTION,
    output: { ...outputOption('the folder of the results'), value: 'FOLDER' },
    method: {
      kind: 'text',
      value: 'NAME',
      words: METHODS,
      help: `${METHODS.join(', ')}; of ONNX the first three; default: lora, of ONNX headOnly`,
      api: 'method',
    },
    tap: {
      kind: 'text',
      value: 'NAME',
      help: 'of ONNX: the value that a new last layer reads; default: the best',
      api: 'tap',
    },
    seed: { kind: 'text', value: '0', help: 'decides which examples are held out, and their order', api: 'seed' },
  },
  fails: 'where the model or the examples cannot be read or do not fit, or what was learned is refused',
  async work(values, files, console) {
    const file = onlyFile(files);
    const folder = outputFile(values.output).replace(/(?<=.)\/+$/, '');
    const progress = await console.openProgress();
    const work = { folder, console, progress, signal: console.interrupt() };
    try {
      const bytes = await console.readFile(file);
      const learn = isStudentFile(bytes) ? ofStudent : ofOnnx;
      const { report, files: made } = await learn({ ...values, file, bytes }, work);
      progress.stop();
      const { verdict } = report;
      const written = await writeFiles(
        { ...(verdict.isAccepted ? made : {}), [`${folder}/report.json`]: jsonText(report) },
        console,
      );
      console.write(values.json ? jsonText({ ...report, written }) : `${textOf(report)}${writtenText(written)}`);
      return verdict.isAccepted ? 0 : 1;
    } finally {
      progress.stop();
    }
  },
});

type Asked = Parameters<typeof readExamples>[0] & {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly input: string | undefined;
  readonly method: (typeof METHODS)[number] | undefined;
  readonly tap: string | undefined;
  readonly seed: string | undefined;
};

async function ofStudent(asked: Asked, work: Work): Promise<Outcome> {
  const { folder, console, progress, signal } = work;
  if (asked.input !== undefined || asked.tap !== undefined) {
    throw new LimbeckError('invalid-option', '--input and --tap are for ONNX files.');
  }
  await quietTfjs();
  const { artifacts, labels: known, metadata } = await readStudentFile(asked.file, console);
  const examples = await readExamples(asked, imagesOf(metadata?.['inputs']), work);
  const { data, labels } = byName(examples.data, examples.names, known);
  const [{ personalize }, { applyPatch }, { patchToBytes }, methods] = await Promise.all([
    import('../adapt/personalize.ts'),
    import('../student/patch/applyPatch.ts'),
    import('../student/patch/patchFile.ts'),
    import('../adapt/public.ts'),
  ]);
  const run = personalize({
    student: studentFromArtifacts(asked.file, artifacts),
    data,
    ...(labels && { labels, classes: labels.length }),
    ...(asked.method && { method: methods[asked.method]() }),
    seed: numberOf(asked.seed ?? '0'),
    trainer: { worker: 'none', ...assetsOf(console) },
    signal,
  });
  const { report, ...patch } = await showRun(run, progress);
  if (!report.verdict.isAccepted) return { report, files: {} };
  const adapted = await applyPatch(artifacts, patch);
  const bundle = await bundled(adapted, labels === undefined ? {} : { labels }, console);
  return {
    report,
    files: { [`${folder}/personal.safetensors`]: await patchToBytes(patch), [`${folder}/personal.limbeck`]: bundle },
  };
}

async function ofOnnx(asked: Asked, work: Work): Promise<Outcome> {
  const { folder, console, progress, signal } = work;
  const about = await inspectOnnx(asked.bytes, { name: asked.file });
  const tensor = imageTensor(about.inputs);
  const examples = await readExamples(asked, tensor, work);
  if (!isLabelled(examples.data)) throw withoutClasses();
  await quietTfjs();
  const { personalizeOnnx, headOnly, lora, prototypes } = await import('../adapt/public.ts');
  const makers: Record<string, () => ReturnType<typeof headOnly>> = { headOnly, lora, prototypes };
  const make = asked.method === undefined ? undefined : makers[asked.method];
  if (asked.method !== undefined && make === undefined) {
    throw new LimbeckError(
      'invalid-option',
      `--method was "${asked.method}"; for an ONNX file it must be headOnly, lora or prototypes.`,
    );
  }
  const input = teacherInput(asked.input, examples.data, tensor);
  const run = personalizeOnnx(asked.bytes, {
    data: examples.data,
    name: asked.file,
    worker: 'none',
    trainer: { worker: 'none', ...assetsOf(console) },
    signal,
    seed: numberOf(asked.seed ?? '0'),
    ...assetsOf(console),
    ...(examples.names && { labels: examples.names }),
    ...(make && { method: make() }),
    ...(asked.tap !== undefined && { tap: asked.tap }),
    ...(input && { input }),
  });
  const { onnx, report } = await showRun(run, progress);
  return { report, files: { [`${folder}/personal.onnx`]: onnx } };
}

function assetsOf({ assetBase }: Console) {
  return assetBase === undefined ? {} : { assetBase };
}

/** What a bundle says its only input is, if that is a picture. */
function imagesOf(inputs: unknown) {
  const [shape] = Object.values((inputs ?? {}) as Readonly<Record<string, readonly (number | null)[]>>);
  const [, height, width, channels] = shape ?? [];
  if (shape?.length !== 4 || (channels !== 1 && channels !== 3)) return undefined;
  return { size: height && width ? ([height, width] as const) : undefined, channels } as const;
}

/**
 * The examples with the classes that the model means: by name where both have names, new names behind the model's own.
 * Throws    labels-missing
 */
function byName(
  data: Dataset,
  names: readonly string[] | undefined,
  known: readonly string[] | undefined,
): { readonly data: LabelledDataset; readonly labels?: readonly string[] } {
  if (!isLabelled(data)) throw withoutClasses();
  if (names === undefined || known === undefined) {
    const labels = known ?? names;
    return labels === undefined ? { data } : { data, labels };
  }
  const labels = [...known, ...names.filter((name) => !known.includes(name))];
  const places = names.map((name) => labels.indexOf(name));
  return { data: renumbered(data, places), labels };
}

function withoutClasses(): LimbeckError {
  return new LimbeckError(
    'labels-missing',
    'The examples have no classes: put pictures into folders named after their class, or give --labels FILE.npy.',
  );
}

function textOf({ verdict, metric, own, examples, timeMs }: Outcome['report']): string {
  const shown = (value: number) => (metric === 'accuracy' ? percent(value) : figures(value));
  return reportText([
    [
      `verdict    ${verdict.isAccepted ? 'accepted' : 'refused'}: ${verdict.why}`,
      `learned    from ${count(examples.learned)} examples, ${count(examples.held)} held out, ${duration(timeMs.total)}`,
      ...(own === undefined
        ? []
        : [`${metric.padEnd(10)} ${shown(own.before)} → ${shown(own.after)} on ${count(own.examples)} examples`]),
    ],
  ]);
}
