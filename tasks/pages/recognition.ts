// On the page: lines are drawn, and read by a teacher; a student learns to read them, and is asked as an int8 file.
import {
  crnn,
  ctc,
  type Dataset,
  decodeCtc,
  encodeTexts,
  fromArrays,
  inputPresets,
  loadStudent,
  loadTeacher,
  measure,
  type NamedArrays,
  type NdArray,
  openTrainer,
  quantize,
  readSteps,
  type Student,
  softTargets,
  type Teacher,
  toOnnx,
  withSequences,
} from 'limbeck';
import { type Answered, addressOf, fileOf, offer, openTask, say, trainStudent } from './tools.ts';

const [HEIGHT, WIDTH] = [48, 256];
/** Printable ASCII, in the order of the student's classes behind the blank. */
const ALPHABET = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
const METRIC = 'character error rate on unseen fonts';

type Split = 'train' | 'development' | 'test';
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
  readonly seed?: number;
  readonly hasControl?: boolean;
  readonly student?: Parameters<typeof crnn>[0];
}

/** The drawn lines of a split [N, 48, W, 1] as bytes, white paper, and their texts as far as they fit. */
interface Drawn {
  readonly pixels: Uint8Array;
  readonly texts: string[];
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
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

/** Draws each text in one of the faces, in a size, a place and a grey of its own; words that do not fit are left out. */
function draw(texts: readonly string[], faces: readonly string[], seed: number): Drawn {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  const random = randomFrom(seed);
  const pixels = new Uint8Array(texts.length * HEIGHT * WIDTH);
  const drawn = texts.map((text, line) => {
    const size = 24 + Math.floor(10 * random());
    context.font = `${size}px "${faces[line % faces.length]}"`;
    const margin = 4 + 6 * random();
    let words = text.split(' ');
    while (words.length > 1 && context.measureText(words.join(' ')).width > WIDTH - margin - 4)
      words = words.slice(0, -1);
    let fitting = words.join(' ');
    while (context.measureText(fitting).width > WIDTH - margin - 4) fitting = fitting.slice(0, -1);
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

async function run({
  scored = 'test',
  epochs = 14,
  learningRate = 2e-3,
  temperature = 1,
  seed = 1,
  hasControl = true,
  student: own = {},
}: Settings = {}) {
  const startedAt = performance.now();
  const { fonts, texts } = (await (await fileOf('data/lines.json')).json()) as Lines;
  await loadFonts([...new Set([...fonts.train, ...fonts[scored]])]);
  const lines = draw(texts.train, fonts.train, 1);
  const unseen = draw(texts[scored], fonts[scored], 2);
  const data = datasetOf(lines);
  // Its texts are for scoring only.
  const holdout = withSequences(datasetOf(unseen), encodeTexts(unseen.texts, { alphabet: ALPHABET }));

  const teacher = await loadReader();
  const trainer = await openTrainer();
  const teacherValue = await errorRate(holdout, async (inputs) => (await teacher.ask(inputs))['logits']);
  say(`${teacher.description.name} (${teacher.description.device}): errors ${(100 * teacherValue).toFixed(1)} %`);

  const make = () => crnn({ inputShape: [HEIGHT, WIDTH, 1], classes: ALPHABET.length + 1, ...own });
  const shared = { trainer, epochs, seed, optimizer: { learningRate }, holdout };
  const student = await trainStudent(
    'student',
    {
      ...shared,
      ...{ teacher, student: make(), data, loss: softTargets({ temperature }) },
    },
    errorsOf,
  );
  const control =
    hasControl &&
    (await trainStudent(
      'control',
      {
        ...shared,
        ...{ student: make(), loss: ctc({ zeroInfinity: true }) },
        data: withSequences(data, encodeTexts(lines.texts, { alphabet: ALPHABET })),
      },
      errorsOf,
    ));
  await teacher[Symbol.asyncDispose]();
  await trainer[Symbol.asyncDispose]();

  const small = await quantize(await toOnnx(student), { to: 'dynamic-int8' }).done;
  offer('reader.int8.onnx', small.bytes);
  taught = { file: small.bytes, face: fonts[scored][0] as string };
  const ask = async (file: Uint8Array | Student) => {
    await using reader = await loadStudent(file);
    return await errorRate(holdout, async (inputs) => (await reader.predict(inputs)).outputs['logits']);
  };
  const studentValue = await ask(small.bytes);
  const controlValue = control ? await ask(control) : Number.NaN;
  return {
    teacher: 'PP-OCRv4 recognition',
    student: 'crnn, int8',
    control: 'the lines’ true texts',
    metric: METRIC,
    better: 'lower',
    ...{ teacherValue, studentValue, controlValue },
    studentBytes: small.bytes.byteLength,
    msPerExample: await timeOf(small.bytes, holdout),
    ms: performance.now() - startedAt,
  };
}

/** The median of one line at a time. */
async function timeOf(file: Uint8Array, data: Dataset): Promise<number> {
  await using reader = await loadStudent(file);
  const times: number[] = [];
  for (let i = 0; i < Math.min(30, data.size); i++) {
    const { inputs } = await data.read(Int32Array.of(i));
    const from = performance.now();
    await reader.predict(inputs);
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}

openTask({ run, answer });
