import { computed, signal } from '@preact/signals';
import { withoutLabels } from 'limbeck';
import { digitTask, LABELS, loadDigitTeacher, SIDE } from '../digits.ts';
import { JOB_DEFAULTS, type JobOptions } from '../job.ts';
import type { Task } from '../task.ts';
import {
  type Gathered,
  inputOf,
  LEAST_EXAMPLES,
  type SourceKind,
  shapeOf,
  sizeOf,
  taskDataOf,
  type View,
  whyNoNumbers,
} from './sources.ts';
import { BUDGETS_BYTES, bestWithin, bytesOf, studentsFor } from './students.ts';
import type { TableProgress } from './table.ts';
import { loaderOf, type Scale, type TeacherFile, usualScale } from './teacherFile.ts';

/** What a person has chosen on the Distil page. */
export const teacherKind = signal<'bundled' | 'file'>('bundled');
export const teacherFile = signal<TeacherFile | undefined>(undefined);
export const output = signal('');
export const scale = signal<Scale>('plain');
export const source = signal<SourceKind>('digits');
export const gathered = signal<Gathered | undefined>(undefined);
/** How far the chosen table is read; undefined when nothing reads it. */
export const tableProgress = signal<TableProgress | undefined>(undefined);
/** Set while a run learns: what takes examples rests, and lets go of its device. */
export const isRunning = signal(false);
export const side = signal(32);
export const budgetBytes = signal<number>(BUDGETS_BYTES[2]);
const chosenStudent = signal<string | undefined>(undefined);

type NumberName = 'epochs' | 'limit' | 'seed' | 'threads';
/** Text of the number fields; one that was never touched is left out. */
export const typed = signal<Partial<Record<NumberName, string>>>({});
export const hasKernels = signal(true);
export const isFresh = signal(false);

/** Pictures of the bundled teacher's kind: grey, as in MNIST. */
const DIGIT_VIEW: View = { side: SIDE, channels: 1, teacherSize: [48, 48] };
/** Some 9,000 examples in all epochs; three hundred examples need thirty. */
const EXAMPLES_SEEN = 9000;

const NOUNS = { digits: 'digit', images: 'picture', camera: 'picture', microphone: 'clip', csv: 'row' } as const;

export const classes = computed(() =>
  teacherKind.value === 'bundled'
    ? LABELS.length
    : teacherFile.value?.outputs.find(({ name }) => name === output.value)?.classes,
);

export const labels = computed((): readonly string[] => {
  if (teacherKind.value === 'bundled') return LABELS;
  const named = teacherFile.value?.labels;
  if (named?.length === classes.value) return named ?? [];
  return Array.from({ length: classes.value ?? 0 }, (_, i) => String(i));
});

const view = computed((): View => {
  const reads = teacherFile.value?.reads;
  if (teacherKind.value === 'bundled' || reads?.kind !== 'pictures') return DIGIT_VIEW;
  return { side: side.value, channels: reads.channels, teacherSize: reads.size };
});

/** Why the teacher cannot be asked about examples of this kind; undefined if it can. */
export function whyNot(kind: SourceKind): string | undefined {
  if (teacherKind.value === 'bundled') {
    return kind === 'csv' || kind === 'microphone' ? 'The bundled teacher reads pictures.' : undefined;
  }
  const reads = teacherFile.value?.reads.kind;
  const needed = kind === 'csv' ? 'numbers' : kind === 'microphone' ? 'sounds' : 'pictures';
  return reads === undefined || reads === needed ? undefined : `This teacher reads ${reads}.`;
}

const gatheredHere = computed(() => (gathered.value?.kind === source.value ? gathered.value : undefined));
export const exampleCount = computed(() => sizeOf(gatheredHere.value));

const shape = computed(() => {
  if (source.value === 'digits') return [SIDE, SIDE, 1];
  return gatheredHere.value && shapeOf(gatheredHere.value, view.value);
});

export const students = computed(() =>
  shape.value && classes.value !== undefined ? studentsFor(shape.value, classes.value) : [],
);
export const student = computed(() => {
  const within = students.value.filter((choice) => bytesOf(choice) <= budgetBytes.value);
  return within.find(({ id }) => id === chosenStudent.value) ?? bestWithin(students.value, budgetBytes.value);
});
export const chooseStudent = (id: string) => {
  chosenStudent.value = id;
};

/** What is still missing, as a sentence; undefined if a run may start. */
export const missing = computed((): string | undefined => {
  if (teacherKind.value === 'file' && teacherFile.value === undefined) return 'Choose a teacher: an ONNX file.';
  const why = whyNot(source.value);
  if (why !== undefined) return `${why} Choose other data.`;
  if (source.value !== 'digits' && exampleCount.value < LEAST_EXAMPLES) {
    return `Give at least ${LEAST_EXAMPLES} examples; there ${exampleCount.value === 1 ? 'is' : 'are'} ${exampleCount.value}.`;
  }
  const table = gatheredHere.value;
  if (table?.kind === 'csv') {
    const why = tableProgress.value ? 'The table is being read.' : whyNoNumbers(table);
    if (why !== undefined) return why;
  }
  const reads = teacherKind.value === 'file' ? teacherFile.value?.reads : undefined;
  if (reads?.kind === 'numbers' && shape.value?.[0] !== reads.features) {
    return `The teacher reads ${reads.features} numbers; the table has ${shape.value?.[0]} columns beside the label.`;
  }
  if (student.value === undefined) return 'No student is that small. Choose a larger size.';
  return undefined;
});

/** Many epochs where examples are few. */
const usualEpochs = computed(() =>
  source.value === 'digits' || exampleCount.value === 0
    ? JOB_DEFAULTS.epochs
    : Math.max(JOB_DEFAULTS.epochs, Math.min(60, Math.ceil(EXAMPLES_SEEN / exampleCount.value))),
);

/** The text that a number field shows. */
export function numberText(name: NumberName): string {
  return typed.value[name] ?? String(name === 'epochs' ? usualEpochs.value : (JOB_DEFAULTS[name] ?? ''));
}

function numberOf(name: NumberName): number | undefined {
  const text = numberText(name);
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isInteger(number) ? number : undefined;
}

export function optionsNow(): JobOptions {
  const { seed, limit, device } = JOB_DEFAULTS;
  return {
    epochs: numberOf('epochs') ?? usualEpochs.value,
    seed: numberOf('seed') ?? seed,
    limit: numberOf('limit') ?? limit,
    kernels: hasKernels.value ? 'on' : 'off',
    threads: numberOf('threads'),
    fresh: isFresh.value ? 'yes' : 'no',
    device: (new URLSearchParams(location.search).get('device') ?? device) as JobOptions['device'],
  };
}

/** Fills the fields from the page's address. What is no number is left out. */
export function readAddress(query: URLSearchParams): void {
  const given: Partial<Record<NumberName, string>> = {};
  for (const name of ['epochs', 'limit', 'seed', 'threads'] as const) {
    const text = query.get(name);
    if (text !== null && /^\d+$/.test(text)) given[name] = text;
  }
  typed.value = given;
  hasKernels.value = (query.get('kernels') ?? JOB_DEFAULTS.kernels) !== 'off';
  isFresh.value = (query.get('fresh') ?? JOB_DEFAULTS.fresh) !== 'no';
}

export function takeTeacherFile(file: TeacherFile): void {
  teacherFile.value = file;
  forgetLabels();
  output.value = file.outputs[0]?.name ?? '';
  scale.value = usualScale(file);
  settleSource();
}

/** Labels are classes of the teacher for whom they were chosen. */
function forgetLabels(): void {
  const now = gathered.value;
  if (now?.kind === 'csv' && now.label) gathered.value = { kind: 'csv', file: now.file, table: now.table };
  if (now?.kind === 'images' && now.labels) gathered.value = { kind: 'images', images: now.images };
}

/** Chooses data that the teacher can be asked about, where those that are chosen do not fit. */
function settleSource(): void {
  if (whyNot(source.value) === undefined) return;
  source.value = (['digits', 'csv', 'microphone'] as const).find((kind) => whyNot(kind) === undefined) ?? source.value;
}

export function chooseTeacher(kind: 'bundled' | 'file'): void {
  if (kind !== teacherKind.value) forgetLabels();
  teacherKind.value = kind;
  settleSource();
}

export function taskNow(): Task {
  const [kind, file, here, seen] = [source.value, teacherFile.value, gatheredHere.value, view.value];
  const isBundled = teacherKind.value === 'bundled' || file === undefined;
  const { seed } = optionsNow();
  if (isBundled && kind === 'digits') return digitTask;
  return {
    noun: NOUNS[kind],
    labels: labels.value,
    input: here === undefined ? digitTask.input : inputOf(here, seen),
    loadTeacher: isBundled
      ? (emit, signal, options) => loadDigitTeacher(emit, signal, { ...options, ink: 'black' })
      : loaderOf(file, output.value, scale.value),
    async loadData(limit, signal) {
      if (here !== undefined) return taskDataOf(here, seen, seed, signal);
      const digits = await digitTask.loadData(limit, signal);
      // Ten classes are taken for the ten digits, in their order.
      return labels.value.length === LABELS.length ? digits : { ...digits, holdout: withoutLabels(digits.holdout) };
    },
  };
}
