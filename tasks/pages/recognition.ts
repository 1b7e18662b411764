// On the page: lines are drawn, and read by a teacher; a student learns to read them, and is asked as an int8 file.
import {
  applyPatch,
  cachedTeacher,
  crnn,
  ctc,
  type Dataset,
  decodeCtc,
  encodeTexts,
  fromArrays,
  headOnly,
  inputPresets,
  loadStudent,
  loadTeacher,
  lora,
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
  withSequences,
} from 'limbeck';
import {
  type Answered,
  addressOf,
  fileOf,
  meanOf,
  medianMsOf,
  offer,
  openTask,
  randomFrom,
  say,
  trainStudent,
} from './tools.ts';

const [HEIGHT, WIDTH] = [48, 256];
/** Pixels of a line for each of the student's steps. */
const STEP_WIDTH = 8;
/** Printable ASCII, in the order of the student's classes behind the blank. */
const ALPHABET = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
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
  readonly learningRate?: number;
  readonly temperature?: number;
  readonly seeds?: readonly number[];
  /** The lines whose text the user has typed: all that the control learns from. */
  readonly typed?: number;
  /** Passes over the corrected lines. Default: those of the method. */
  readonly correctionEpochs?: number;
  readonly student?: Parameters<typeof crnn>[0];
}

/** The drawn lines of a split [N, 48, W, 1] as bytes, white paper, and their texts as far as they fit. */
interface Drawn {
  readonly pixels: Uint8Array;
  readonly texts: string[];
}

async function loadFonts(faces: readonly string[]): Promise<void> {
  await Promise.all(
    faces.map(async (face) => {
      const font = new FontFace(face, `url(${addressOf(`fonts/${face}.woff2`)})`);
      // A worker has fonts of its own.
      (globalThis.document ?? globalThis).fonts.add(await font.load());
    }),
  );
}

/** Steps along a line that a text takes: one for each character, and a blank between two equal ones. */
const stepsOf = (text: string): number =>
  Array.from(text).reduce((steps, one, i, all) => steps + (one === all[i - 1] ? 2 : 1), 0);

/** Draws each text in one of the faces, in a size, a place and a grey of its own; words that fit neither the line nor its steps are left out. */
function draw(texts: readonly string[], faces: readonly string[], seed: number): Drawn {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  const random = randomFrom(seed);
  const pixels = new Uint8Array(texts.length * HEIGHT * WIDTH);
  const drawn = texts.map((text, line) => {
    const size = 24 + Math.floor(10 * random());
    context.font = `${size}px "${faces[line % faces.length]}"`;
    const margin = 4 + 6 * random();
    const isFit = (part: string) =>
      context.measureText(part).width <= WIDTH - margin - 4 && stepsOf(part) <= WIDTH / STEP_WIDTH;
    let words = text.split(' ');
    while (words.length > 1 && !isFit(words.join(' '))) words = words.slice(0, -1);
    let fitting = words.join(' ');
    while (!isFit(fitting)) fitting = fitting.slice(0, -1);
    const paper = 205 + Math.floor(51 * random());
    const ink = Math.floor(90 * random());
    context.fillStyle = `rgb(${paper} ${paper} ${paper})`;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = `rgb(${ink} ${ink} ${ink})`;
    context.fillText(fitting, margin, HEIGHT / 2 + size * 0.33 + 4 * (random() - 0.5));
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
    for (let i = 0; i < HEIGHT * WIDTH; i++) pixels[line * HEIGHT * WIDTH + i] = data[4 * i] as number;
    return fitting;
  });
  return { pixels, texts: drawn };
}

const datasetOf = ({ pixels, texts }: Drawn): Dataset =>
  fromArrays({ data: pixels, shape: [texts.length, HEIGHT, WIDTH, 1] });

/** What share of the characters is wrong in what answers read; asked in batches. */
async function errorRate(data: Dataset, ask: (inputs: NamedArrays) => Promise<NdArray | undefined>): Promise<number> {
  let [errors, characters] = [0, 0];
  for (let from = 0; from < data.size; from += 32) {
    const indices = Int32Array.from({ length: Math.min(32, data.size - from) }, (_, i) => from + i);
    const { inputs, sequences = new Int32Array(0) } = await data.read(indices);
    const count = sequences.filter((one) => one >= 0).length;
    const { characterErrorRate = Number.NaN } = measure({ student: (await ask(inputs)) as NdArray, sequences });
    errors += characterErrorRate * count;
    characters += count;
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

/** With their texts. */
const truthOf = (lines: Drawn): Dataset =>
  withSequences(datasetOf(lines), encodeTexts(lines.texts, { alphabet: ALPHABET }));

/** What share of the characters a student reads wrong. */
async function errorsOfStudent(file: Uint8Array | Student, data: Dataset): Promise<number> {
  await using reader = await loadStudent(file);
  return await errorRate(data, async (inputs) => (await reader.predict(inputs)).outputs['logits']);
}

const CORRECTED = 10;

/** What a student reads of further lines in a person's hand, before and after it learned ten corrected ones. */
async function corrected(student: Student, hand: Drawn, trainer: Trainer, epochs?: number) {
  const others = { pixels: hand.pixels.subarray(CORRECTED * HEIGHT * WIDTH), texts: hand.texts.slice(CORRECTED) };
  const [own, unseen] = [take(truthOf(hand), CORRECTED), truthOf(others)];
  const steps = epochs === undefined ? {} : { epochs };
  const errors: Record<string, number> = { before: await errorsOfStudent(student, unseen) };
  for (const [name, method] of Object.entries({ lora: lora(steps), headOnly: headOnly(steps) })) {
    const patch = await personalize({ student, data: own, method, trainer }).done;
    say(`${name}: ${patch.report.verdict.why}`);
    errors[name] = await errorsOfStudent(await applyPatch(student, patch), unseen);
  }
  say(
    `errors in ${others.texts.length} lines of a hand: ${Object.entries(errors)
      .map(([name, rate]) => `${name} ${(100 * rate).toFixed(1)} %`)
      .join(', ')}`,
  );
  return errors;
}

async function run({
  scored = 'test',
  epochs = 14,
  learningRate = 2e-3,
  temperature = 1,
  seeds = [0, 1, 2],
  typed = 300,
  correctionEpochs,
  student: own = {},
}: Settings = {}) {
  const startedAt = performance.now();
  const { fonts, texts } = (await (await fileOf('data/lines.json')).json()) as Lines;
  await loadFonts([...new Set([...fonts.train, ...fonts[scored], ...fonts.hand])]);
  const lines = draw(texts.train, fonts.train, 1);
  const unseen = truthOf(draw(texts[scored], fonts[scored], 2));
  const hand = draw(texts.hand, fonts.hand, 4);

  const reader = await loadReader();
  const trainer = await openTrainer();
  const teacherValue = await errorRate(unseen, async (inputs) => (await reader.ask(inputs))['logits']);
  say(`${reader.description.name} (${reader.description.device}): errors ${(100 * teacherValue).toFixed(1)} %`);
  // All seeds learn from the same answers.
  const store = await openStore('lines', { kind: 'memory' });
  const teacher = cachedTeacher(reader, store, { precision: 'float16' });

  const make = () =>
    crnn({ inputShape: [HEIGHT, WIDTH, 1], classes: ALPHABET.length + 1, stepWidth: STEP_WIDTH, ...own });
  const learned = async (isControl: boolean, seed: number) => {
    const name = isControl ? 'control' : 'student';
    // What is scored at the end is not looked at before.
    const isWatched = scored === 'development' && !isControl;
    const student = await trainStudent(
      name,
      {
        ...{ trainer, seed, student: make(), optimizer: { learningRate }, schedule: oneCycle() },
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
    say(`${name}, seed ${seed}: errors ${(100 * value).toFixed(1)} %`);
    return { student, bytes, value };
  };
  type Learned = Awaited<ReturnType<typeof learned>>;
  const [students, controls]: [Learned[], Learned[]] = [[], []];
  for (const seed of seeds) {
    students.push(await learned(false, seed));
    controls.push(await learned(true, seed));
  }
  await teacher[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await reader[Symbol.asyncDispose]();
  const { student, bytes } = students[0] as Learned;
  const ofHand = await corrected(student, hand, trainer, correctionEpochs);
  await trainer[Symbol.asyncDispose]();

  offer('reader.int8.onnx', bytes);
  taught = { file: bytes, face: fonts[scored][0] as string };
  const values = (all: readonly Learned[]) => all.map(({ value }) => 1 - value);
  return {
    teacher: 'PP-OCRv4 recognition',
    student: 'crnn, int8',
    control: `the texts of ${typed} lines; the student had none, and the pictures of ${lines.texts.length}`,
    metric: METRIC,
    better: 'higher',
    teacherValue: 1 - teacherValue,
    studentValue: meanOf(values(students)),
    controlValue: meanOf(values(controls)),
    studentBytes: bytes.byteLength,
    msPerExample: await timeOf(bytes, unseen),
    ms: performance.now() - startedAt,
    seeds: { student: values(students), control: values(controls) },
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
