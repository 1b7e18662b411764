// On the page: lines are drawn, and read by a teacher; a student learns to read them, and is asked as an int8 file.
import {
  applyPatch,
  augmented,
  cachedTeacher,
  crnn,
  ctc,
  type Dataset,
  decodeCtc,
  full,
  inputPresets,
  loadStudent,
  loadTeacher,
  measure,
  type NamedArrays,
  type NdArray,
  oneCycle,
  openStore,
  openTrainer,
  personalize,
  quantize,
  readSteps,
  type Student,
  softTargets,
  type Teacher,
  type Trainer,
  take,
  toOnnx,
} from 'limbeck';
import { ALPHABET, type Drawn, datasetOf, draw, HEIGHT, loadFonts, STEP_WIDTH, truthOf, WIDTH } from './drawnLines.ts';
import {
  type Answered,
  addressOf,
  fileOf,
  learnBoth,
  medianMsOf,
  offer,
  openTask,
  overSeeds,
  progress,
  say,
} from './tools.ts';

const METRIC = 'share of characters read right, unseen fonts';

type Split = 'train' | 'development' | 'test' | 'hand';
interface Lines {
  readonly fonts: Record<Split, string[]>;
  readonly texts: Record<Split, string[]>;
}

interface Settings {
  /** What the errors are told of: choices are made on 'development'. */
  readonly scored?: 'development' | 'test';
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly temperature?: number;
  readonly seeds?: readonly number[];
  /** The lines whose text the user has typed: all that the control learns from. */
  readonly typed?: number;
  readonly student?: Parameters<typeof crnn>[0];
}

/** What share of the characters is wrong in what answers read; asked in batches. */
async function errorRate(
  data: Dataset,
  ask: (inputs: NamedArrays) => Promise<NdArray | undefined>,
  report: (fraction: number) => void = () => undefined,
): Promise<number> {
  let [errors, characters] = [0, 0];
  for (let from = 0; from < data.size; from += 32) {
    const indices = Int32Array.from({ length: Math.min(32, data.size - from) }, (_, i) => from + i);
    const { inputs, sequences = new Int32Array(0) } = await data.read(indices);
    const count = sequences.filter((one) => one >= 0).length;
    const { characterErrorRate = Number.NaN } = measure({ student: (await ask(inputs)) as NdArray, sequences });
    errors += characterErrorRate * count;
    characters += count;
    report((from + indices.length) / data.size);
  }
  return errors / characters;
}

async function loadReader(): Promise<Teacher> {
  const keys = (await (await fileOf('models/ppocr_keys_v1.txt')).text()).split('\n');
  // Blank, then the lines of the keys, then a space.
  const classes = [0, ...Array.from(ALPHABET, (one) => (one === ' ' ? keys.length + 1 : keys.indexOf(one) + 1))];
  return loadTeacher(addressOf('models/ch_PP-OCRv4_rec_infer.onnx'), {
    name: 'PP-OCRv4 recognition',
    input: { ...inputPresets.paddleOcrRecognition, size: [HEIGHT, WIDTH] },
    read: readSteps({ classes }),
  }).done;
}

const errorsOf = ({ characterErrorRate = Number.NaN }: Readonly<Record<string, number>>) =>
  `errors ${(100 * characterErrorRate).toFixed(1)} %`;

/** What `run` taught last, for lines of one's own, in a font that the student has not seen. */
let taught: { file: Uint8Array; face: string } | undefined;

async function answer(text: string): Promise<Answered> {
  if (taught === undefined) throw new Error('There is no student yet.');
  const { inputs } = await datasetOf(draw([text], [taught.face], 3)).read(Int32Array.of(0));
  await using teacher = await loadReader();
  await using student = await loadStudent(taught.file);
  const read = (steps: NdArray | undefined) =>
    decodeCtc(steps as NdArray, { alphabet: ALPHABET }).map((found) => found.text);
  return [
    { who: teacher.description.name, says: read((await teacher.ask(inputs))['logits']) },
    { who: 'Student', says: read((await student.predict(inputs)).outputs['logits']) },
  ];
}

/** What share of the characters a student reads wrong. */
async function errorsOfStudent(file: Uint8Array | Student, data: Dataset): Promise<number> {
  await using reader = await loadStudent(file);
  return await errorRate(data, async (inputs) => (await reader.predict(inputs)).outputs['logits']);
}

const CORRECTED = 10;
/** A person writes no line twice alike. */
const VARIED = { shift: 2, rotate: 2, scale: 0.1, shear: 8 } as const;
const [COPIES, KEPT_LINES] = [12, 50];

/**
 * What a student reads of further lines in a person's hand, before and after it learned ten corrected ones: those alone, and varied,
 * while its own answers to printed lines, which need no text, keep what it could read.
 */
async function corrected(student: Student, hand: Drawn, lines: Drawn, printed: Dataset, trainer: Trainer) {
  const others = { pixels: hand.pixels.subarray(CORRECTED * HEIGHT * WIDTH), texts: hand.texts.slice(CORRECTED) };
  const [ten, unseen] = [take(truthOf(hand), CORRECTED), truthOf(others)];
  const printedErrors = await errorsOfStudent(student, printed);
  const errors: Record<string, number> = { before: await errorsOfStudent(student, unseen) };
  const ways = {
    'ten lines': { data: ten, method: full() },
    'ten lines, varied': {
      data: augmented(ten, VARIED, { copies: COPIES, seed: 5 }),
      method: full({ epochs: 15, batchSize: 8 }),
      keep: { replay: take(datasetOf(lines), KEPT_LINES) },
    },
  };
  let printedAfter = printedErrors;
  for (const [name, way] of Object.entries(ways)) {
    // Ten lines are too few to hold some out: what they cost is measured on printed ones.
    const patch = await personalize({ ...way, student, trainer, guard: { holdoutFraction: 0 } }).done;
    const adapted = await applyPatch(student, patch);
    errors[name] = await errorsOfStudent(adapted, unseen);
    printedAfter = await errorsOfStudent(adapted, printed);
  }
  const percent = (rate: number) => `${(100 * rate).toFixed(1)} %`;
  say(
    `errors in ${others.texts.length} lines of a hand: ${Object.entries(errors)
      .map(([name, rate]) => `${name} ${percent(rate)}`)
      .join(', ')}; in print ${percent(printedErrors)} before, ${percent(printedAfter)} after`,
  );
  return { ...errors, printedBefore: printedErrors, printedAfter };
}

async function run({
  scored = 'test',
  epochs = 7,
  batchSize = 32,
  learningRate = 2e-3,
  temperature = 1,
  seeds = [0, 1, 2],
  typed = 300,
  student: own = {},
}: Settings = {}) {
  const startedAt = performance.now();
  const { fonts, texts } = (await (await fileOf('data/lines.json')).json()) as Lines;
  await loadFonts([...new Set([...fonts.train, ...fonts[scored], ...fonts.hand])]);
  const lines = draw(texts.train, fonts.train, 1);
  const unseen = truthOf(draw(texts[scored], fonts[scored], 2));
  const hand = draw(texts.hand, fonts.hand, 4);

  await using reader = await loadReader();
  const ask = async (inputs: NamedArrays) => (await reader.ask(inputs))['logits'];
  const teacherValue = await errorRate(unseen, ask, (fraction) => progress('the teacher reads', fraction));
  say(`${reader.description.name} (${reader.description.device}): errors ${(100 * teacherValue).toFixed(1)} %`);
  // All seeds learn from the same answers.
  await using store = await openStore('lines', { kind: 'memory' });
  await using teacher = cachedTeacher(reader, store, { precision: 'float16' });

  const make = () =>
    crnn({ inputShape: [HEIGHT, WIDTH, 1], classes: ALPHABET.length + 1, stepWidth: STEP_WIDTH, head: 'gru', ...own });
  const both = await learnBoth(seeds, async ({ isControl, name, train }) => {
    // What is scored at the end is not looked at before.
    const isWatched = scored === 'development' && !isControl;
    const student = await train(
      {
        ...{ batchSize, student: make(), optimizer: { learningRate }, schedule: oneCycle() },
        ...(isWatched && { holdout: unseen }),
        // As many steps for both.
        ...(isControl
          ? { data: take(truthOf(lines), typed), loss: ctc({ zeroInfinity: true }) }
          : { data: datasetOf(lines), teacher, loss: softTargets({ temperature }) }),
        epochs: isControl ? Math.round((epochs * lines.texts.length) / typed) : epochs,
      },
      isWatched ? errorsOf : undefined,
    );
    const { bytes } = await quantize(await toOnnx(student), { to: 'dynamic-int8' }).done;
    const value = await errorsOfStudent(bytes, unseen);
    say(`${name}: errors ${(100 * value).toFixed(1)} %`);
    return { student, bytes, value };
  });
  const { student, bytes } = both.student[0] as (typeof both.student)[number];
  await using trainer = await openTrainer();
  const ofHand = await corrected(student, hand, lines, unseen, trainer);

  offer('reader.int8.onnx', bytes);
  taught = { file: bytes, face: fonts[scored][0] as string };
  return {
    teacher: 'PP-OCRv4 recognition',
    student: 'crnn with gru, int8',
    control: `the texts of ${typed} lines; the student had none, and the pictures of ${lines.texts.length}`,
    metric: METRIC,
    better: 'higher',
    teacherValue: 1 - teacherValue,
    ...overSeeds(both, ({ value }) => 1 - value),
    studentBytes: bytes.byteLength,
    msPerExample: await timeOf(bytes, unseen),
    ms: performance.now() - startedAt,
    hand: { corrected: CORRECTED, ...ofHand },
  };
}

/** The median of one line at a time. */
async function timeOf(file: Uint8Array, data: Dataset): Promise<number> {
  await using reader = await loadStudent(file);
  const lines = await Promise.all(
    Array.from({ length: Math.min(30, data.size) }, (_, i) => data.read(Int32Array.of(i))),
  );
  return await medianMsOf((i) => reader.predict((lines[i % lines.length] as (typeof lines)[number]).inputs));
}

openTask({ run, answer });
