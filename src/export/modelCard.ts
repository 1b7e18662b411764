import { count, countOf } from '../core/figures.ts';
import { given, type OptionsOf, required, schema, text } from '../core/schema.ts';
import { type CardFigures, FIGURES, figuresSection, metricsOf, trainingSection } from './cardSections.ts';
import { yamlOf } from './yaml.ts';

const OPTIONS = schema('modelCard', {
  /** What the model is called. */
  name: required(text()),
  /** One or two sentences: what it is for. */
  description: text(),
  /** An identifier such as 'mit' or 'apache-2.0'. */
  license: text(),
  /** Search terms. */
  tags: given<readonly string[]>(),
  /** Of texts that it reads or writes, such as 'en'. */
  language: text(),
  /** Such as 'image-classification'. */
  task: text(),
  /** Name, size and source of the data that it learned from and was measured on. */
  data: given<{ readonly name: string; readonly description?: string }>(),
  /** The model that it learned from. */
  teacher: given<{ readonly name?: string; readonly identity?: string; readonly license?: string }>(),
  /** Names of the classes, in the order of the output. */
  labels: given<readonly string[]>(),
  /** What it is not good for, one sentence each. */
  limits: given<readonly string[]>(),
  ...FIGURES.fields,
});

/** What a model card says; what is left out is not mentioned. */
export interface ModelCardOptions extends CardFigures, OptionsOf<typeof OPTIONS> {}

/**
 * A model card in Hugging Face's format: YAML for machines, then Markdown for people. Figures that were not measured are
 * left out.
 * Throws    invalid-option
 *
 * @example
 * const { report } = await distill(options).done;
 * const card = modelCard({ name: 'digits', license: 'mit', report, labels: ['0', '1'] });
 */
export function modelCard(options: ModelCardOptions): string {
  OPTIONS.read(options);
  const sections = [
    `# ${line(options.name)}`,
    options.description,
    teacherSection(options),
    dataSection(options),
    trainingSection(options.report),
    figuresSection(options),
    listSection('Limits', options.limits),
    useSection(options),
  ];
  return `---\n${yamlOf(frontMatter(options))}---\n\n${sections.filter((part) => part !== undefined && part !== '').join('\n\n')}\n`;
}

function frontMatter(options: ModelCardOptions): Record<string, unknown> {
  const { name, license, tags = [], language, task, data, teacher } = options;
  const metrics = Object.entries(metricsOf(options));
  // The format requires a task and a data set for every figure; without them there is no index.
  const results =
    metrics.length === 0 || task === undefined || data === undefined
      ? undefined
      : [
          {
            task: { type: task },
            dataset: { name: data.name, type: data.name },
            metrics: metrics.map(([type, value]) => ({ type, value })),
          },
        ];
  return {
    license,
    language,
    library_name: 'limbeck',
    pipeline_tag: task,
    tags: [...new Set(['limbeck', 'tfjs', 'onnx', 'knowledge-distillation', ...tags])],
    base_model: teacher?.name ?? options.report?.teacher?.name,
    datasets: data && [data.name],
    metrics: metrics.length === 0 ? undefined : metrics.map(([type]) => type),
    'model-index': results && [{ name, results }],
  };
}

function teacherSection({ teacher = {}, report }: ModelCardOptions): string {
  const name = teacher.name ?? report?.teacher?.name;
  const identity = teacher.identity ?? report?.teacher?.identity;
  if (name === undefined && identity === undefined) return '';
  const bytes = report?.teacher?.bytes;
  const size = bytes === undefined || bytes === 0 ? '' : ` (${countOf(bytes, 'byte')})`;
  const rows = [
    `It learned from the teacher ${name === undefined ? 'named below' : `**${line(name)}**`}${size}.`,
    identity === undefined ? '' : `Teacher’s identity: \`${line(identity)}\`.`,
    teacher.license === undefined ? '' : `Teacher’s license: ${line(teacher.license)}.`,
  ];
  return `## Teacher\n\n${rows.filter((row) => row !== '').join('\n\n')}`;
}

function dataSection({ data, report }: ModelCardOptions): string {
  if (data === undefined && report?.examples === undefined) return '';
  const rows = [
    data === undefined ? '' : `${line(data.name)}${data.description === undefined ? '' : `: ${data.description}`}`,
    report?.examples === undefined ? '' : `Examples that it learned from: ${count(report.examples)}.`,
  ];
  return `## Data\n\n${rows.filter((row) => row !== '').join('\n\n')}`;
}

function listSection(title: string, items: readonly string[] = []): string {
  return items.length === 0 ? '' : `## ${title}\n\n${items.map((item) => `- ${line(item)}`).join('\n')}`;
}

function useSection({ name, labels }: ModelCardOptions): string {
  const example = [
    "import { loadStudent } from 'limbeck/run';",
    '',
    `const student = await loadStudent('${line(name).replace(/[^\w.-]+/g, '-')}.limbeck');`,
    `const { outputs${labels === undefined ? '' : ', labels'} } = await student.predict(inputs);`,
  ];
  const classes =
    labels === undefined ? '' : `\n\nClasses, in order: ${labels.map((one) => `\`${line(one)}\``).join(', ')}.`;
  return `## How to use\n\n\`\`\`js\n${example.join('\n')}\n\`\`\`${classes}`;
}

/** Keeps external text on one line, so that it cannot begin a heading or a list. */
function line(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
