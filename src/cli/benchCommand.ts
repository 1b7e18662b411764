import { compareReports, regressions } from '../bench/report/compareReports.ts';
import { parseReport } from '../bench/report/parseReport.ts';
import { placeName as rowPlace } from '../bench/report/rowNames.ts';
import { toCsv } from '../bench/report/toCsv.ts';
import { toMarkdown } from '../bench/report/toMarkdown.ts';
import type { BenchReport } from '../bench/report.ts';
import { isAbortError, LimbeckError, messageOf } from '../core/errors.ts';
import { duration } from '../core/figures.ts';
import { numberOf, onlyFile } from './arguments.ts';
import {
  type BenchSettings,
  benchSettings,
  fractionOf,
  type Place,
  placeName,
  placesOf,
  type ShownRow,
} from './bench/benchSettings.ts';
import { benchText, comparisonText, regressionText } from './bench/benchTable.ts';
import { measureInBrowser } from './bench/measureInBrowser.ts';
import { openBrowser } from './bench/openBrowser.ts';
import { openRemote } from './bench/remoteBrowser.ts';
import { command, type Values } from './command.ts';
import type { Console } from './openConsole.ts';
import { jsonText, oneLine } from './printable.ts';
import type { Progress } from './progress.ts';
import { writeFiles, writtenText } from './writeFiles.ts';

const OPTIONS = {
  browser: {
    kind: 'text',
    value: 'NAME,…',
    help: 'node (default), chromium, firefox, webkit, open (you open the page), or the address of a debugger, as of a phone',
  },
  backends: {
    kind: 'text',
    value: 'NAME,…',
    help: 'such as kernels:2,onnxruntime-wasm:1; default: all that may run there',
    api: 'backends',
  },
  workloads: {
    kind: 'text',
    value: 'NAME,…',
    help: 'default: inference, and for the standard set a training step',
    api: 'workloads',
  },
  batches: { kind: 'text', value: 'N,…', help: 'examples in a pass, or best; default: 1', api: 'batchSizes' },
  input: { kind: 'texts', value: 'NAME=3,48,48', help: 'the shape of one example, where the file leaves it open' },
  budget: { kind: 'text', value: '60s', help: 'for each browser; default: 60s', api: 'budgetMs' },
  rounds: { kind: 'text', value: 'N', help: 'ends after so many, though budget is left', api: 'mostRounds' },
  seed: { kind: 'text', value: 'N', help: 'decides the order of turns; default: 1', api: 'seed' },
  headed: { kind: 'flag', help: 'with a window, which most browsers need for a GPU' },
  'no-sandbox': {
    kind: 'flag',
    help: 'starts browsers without their sandbox, which root needs: for models that you trust',
  },
  port: { kind: 'text', value: 'N', help: 'of the page; default: any that is free' },
  'json-file': { kind: 'text', value: 'FILE', help: 'writes the report; --json FILE.json does the same' },
  markdown: { kind: 'text', value: 'FILE', help: 'writes it as Markdown' },
  csv: { kind: 'text', value: 'FILE', help: 'writes its rows as CSV' },
  compare: { kind: 'flag', help: 'measures nothing: compares two reports, A.json B.json' },
  than: { kind: 'text', value: 'BASE.json', help: 'compares the new report with an old one' },
  'fail-if-slower': {
    kind: 'text',
    value: '5%',
    help: 'ends with 1 where a row is surely slower by more than this, or broken',
  },
} as const;

type Given = Values<typeof OPTIONS>;

export const benchCommand = command({
  name: 'bench',
  summary: 'measures which backend is fastest here, and compares reports',
  usage: '[options] [MODEL.onnx]',
  about: `Backends take turns, each in a worker of its own; wrong numbers are told from right ones, and figures have intervals. Without a
model it measures the standard set of small students, which takes minutes. With several browsers each writes its own report:
FILE.json becomes FILE.chromium.json and so on. Pages are served on this machine only.`,
  options: OPTIONS,
  fails: 'where nothing could be measured, or --fail-if-slower found something',
  async work(values, files, console) {
    const fraction = fractionGiven(values);
    if (values.compare) {
      if (files.length !== 2) throw new LimbeckError('invalid-option', '--compare takes two reports: A.json B.json.');
      const [first, second] = await Promise.all(files.map((file) => readReport(file, console)));
      return compared(first as BenchReport, second as BenchReport, fraction, values, console);
    }
    const places = placesOf(values.browser);
    if (values.than !== undefined && places.length > 1) {
      throw new LimbeckError('invalid-option', '--than takes one browser: a report is of one.');
    }
    const settings = benchSettings(files.length === 0 ? undefined : onlyFile(files), values);
    const base = values.than === undefined ? undefined : await readReport(values.than, console);
    const reports = await measure(places, settings, values, console);
    await writeReports(reports, values, console);
    const [only] = Object.values(reports);
    if (base !== undefined && only !== undefined) return compared(base, only, fraction, values, console);
    return Object.keys(reports).length === places.length ? 0 : 1;
  },
});

function fractionGiven(values: Given): number | undefined {
  const { 'fail-if-slower': given } = values;
  if (given === undefined) return undefined;
  if (!values.compare && values.than === undefined) {
    throw new LimbeckError('invalid-option', '--fail-if-slower needs a report to compare with: --than BASE.json.');
  }
  return fractionOf(given, '--fail-if-slower');
}

/** Throws    report-invalid: with the file's name */
async function readReport(file: string, console: Console): Promise<BenchReport> {
  const text = new TextDecoder().decode(await console.readFile(file));
  try {
    return parseReport(text);
  } catch (error) {
    const { details = {} } = error instanceof LimbeckError ? error : {};
    throw new LimbeckError('report-invalid', `${file}: ${messageOf(error)}`, { details, cause: error });
  }
}

/** The exit code: 1 where rows are slower by more than the fraction, or broken. */
function compared(
  first: BenchReport,
  second: BenchReport,
  fraction: number | undefined,
  { json }: Given,
  console: Console,
): number {
  const comparison = compareReports(first, second);
  const found = fraction === undefined ? [] : regressions(comparison, fraction);
  if (json) console.write(jsonText({ ...comparison, ...(fraction !== undefined && { regressions: found }) }));
  else {
    console.write(comparisonText(comparison));
    if (fraction !== undefined) console.write(`\n${regressionText(found.length, fraction)}`);
  }
  return found.length === 0 ? 0 : 1;
}

/** One report for each place that could be measured; what one cannot do leaves the others theirs. */
async function measure(
  places: readonly Place[],
  settings: BenchSettings,
  values: Given,
  console: Console,
): Promise<Record<string, BenchReport>> {
  const signal = console.interrupt();
  const progress = await console.openProgress();
  const reports: [string, BenchReport][] = [];
  try {
    for (const place of places) {
      const name = placeName(place);
      try {
        reports.push([name, await measureAt(place, settings, { values, console, signal, progress })]);
      } catch (error) {
        const isLost = reports.length === 0 && place === places.at(-1);
        if (isLost || isAbortError(error) || (error instanceof LimbeckError && error.code === 'invalid-option'))
          throw error;
        progress.say(oneLine(`${name}: ${messageOf(error)}`));
      }
    }
  } finally {
    progress.stop();
  }
  return Object.fromEntries(reports);
}

interface Work {
  readonly values: Given;
  readonly console: Console;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

async function measureAt(place: Place, settings: BenchSettings, { values, console, signal, progress }: Work) {
  const onRow = (row: ShownRow) => {
    const { workload, model, medianMs, doneFraction } = row;
    progress.set(
      placeName(place),
      Math.round(1000 * doneFraction),
      1000,
      oneLine(`${workload} of ${model} on ${rowPlace(row)}: ${duration(medianMs)}`),
    );
  };
  if (place === 'node') return measureHere(settings, console, signal, onRow);
  const port = values.port === undefined ? 0 : numberOf(values.port);
  const how = { hasWindow: values.headed, isUnboxed: values['no-sandbox'] };
  return measureInBrowser(settings, {
    ...{ console, signal, port, onRow },
    open: async (page) => {
      if (typeof place !== 'string') return openRemote(place.address, page);
      if (place !== 'open') return openBrowser(place, page, how);
      progress.say(`Open ${page} in the browser that is to be measured.`);
      return { ended: new Promise(() => undefined), close: async () => undefined };
    },
  });
}

async function measureHere(
  { modelFile, options }: BenchSettings,
  console: Console,
  signal: AbortSignal,
  onRow: (row: ShownRow) => void,
): Promise<BenchReport> {
  const [{ benchmark }, { standardSet }] = await Promise.all([
    import('../bench/benchmark.ts'),
    import('../bench/standardSet.ts'),
  ]);
  const onnx = modelFile === undefined ? undefined : await console.readFile(modelFile);
  const models = options.models?.map((model) => ({ ...model, onnx })) ?? standardSet();
  const run = benchmark({ ...options, models, signal });
  for await (const event of run) onRow(event);
  return run.done;
}

/** The table, unless JSON is wanted, and the files. */
async function writeReports(
  reports: Readonly<Record<string, BenchReport>>,
  values: Given,
  console: Console,
): Promise<void> {
  const names = Object.keys(reports);
  const to = (file: string, name: string) =>
    names.length === 1 ? file : file.replace(/(\.[^./\\]+)?$/, (end) => `.${name}${end}`);
  const files = Object.entries(reports).flatMap(([name, report]): [string, string][] => [
    ...(values['json-file'] === undefined
      ? []
      : [[to(values['json-file'], name), jsonText(report)] as [string, string]]),
    ...(values.markdown === undefined ? [] : [[to(values.markdown, name), toMarkdown(report)] as [string, string]]),
    ...(values.csv === undefined ? [] : [[to(values.csv, name), toCsv(report)] as [string, string]]),
  ]);
  const written = await writeFiles(Object.fromEntries(files), console);
  if (values.json) {
    if (values.than === undefined) console.write(jsonText(names.length === 1 ? Object.values(reports)[0] : reports));
    return;
  }
  for (const report of Object.values(reports)) console.write(`${benchText(report)}\n`);
  if (written.length > 0) console.write(writtenText(written));
}
