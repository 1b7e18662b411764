// On the page: clips become windows, openWakeWord's embedding and a head on it teach a small student, and both listen to an hour.
import {
  crossEntropy,
  detect,
  dsCnn,
  fromArrays,
  loadStudent,
  mlp,
  type NdArray,
  oneCycle,
  openTrainer,
  quantize,
  snapshot,
  softTargets,
  toOnnx,
} from 'limbeck';
import { meanOf, medianMsOf, offer, openTask, say, trainStudent } from './tools.ts';
import { chooseThreshold, heardAt, judge, makeStream, RATE, type Scores, type Stream } from './wakeStream.ts';
import { HOP_SAMPLES, openEmbedder, scalerOf, sum, WIDTH, WINDOW_SECONDS } from './wakeTeacher.ts';
import {
  FRAMES,
  type Learned,
  LOG_MEL,
  makeStreams,
  pickWindows,
  readClips,
  varied,
  windowsOf,
} from './wakeWindows.ts';

interface Settings {
  /** On whose voices the figures are told: choices are made on 'development'. */
  readonly scored?: 'development' | 'test';
  readonly seeds?: readonly number[];
  readonly epochs?: number;
  readonly filters?: number;
  readonly temperature?: number;
  readonly learningRate?: number;
  /** Of the streams. */
  readonly minutes?: { readonly train: number; readonly development: number; readonly test: number };
  /** Variations of each of the five takes. */
  readonly copies?: number;
  /** Of the windows without the word, a student learns from one in so many: neighbours are alike. */
  readonly thinned?: number;
}

const METRIC = 'share of wake words heard, unseen synthetic voices';
/** MLPerf Tiny allows 8 in an hour; fewer on the development voices leave room for others. */
const MOST_FALSE_AN_HOUR = 6;
const HOP_SECONDS = HOP_SAMPLES / RATE;
const SMOOTHING = 3;

async function studentScores(file: Uint8Array, streams: readonly Stream[]): Promise<Scores[]> {
  await using ears = await loadStudent(file);
  const scores: Scores[] = [];
  for (const { samples } of streams)
    scores.push(await detect(ears, samples, { logMel: LOG_MEL, hopSeconds: HOP_SECONDS, smoothing: SMOOTHING }));
  return scores;
}

interface Judged {
  readonly missed: number;
  readonly falseAnHour: number;
}

/** The threshold is chosen on the development voices. */
function judged(
  name: string,
  scores: Record<'development' | 'scored', Scores[]>,
  streams: Record<'development' | 'scored', Stream[]>,
): Judged {
  const hoursOf = (parts: readonly Stream[]) => sum(parts.map(({ samples }) => samples.length)) / RATE / 3600;
  const most = MOST_FALSE_AN_HOUR * hoursOf(streams.development);
  const threshold = chooseThreshold(scores.development, streams.development, most);
  const each = scores.scored.map((one, i) => judge(heardAt(one, threshold), (streams.scored[i] as Stream).said));
  const missed = sum(each.map((one) => one.missed)) / sum(streams.scored.map(({ said }) => said.length));
  const falseAnHour = sum(each.map((one) => one.falseAccepts)) / hoursOf(streams.scored);
  say(
    `${name}: ${(100 * missed).toFixed(1)} % missed, ${falseAnHour.toFixed(1)} false accepts an hour (threshold ${threshold.toFixed(2)})`,
  );
  return { missed, falseAnHour };
}

async function run({
  scored = 'test',
  seeds = [1, 2, 3],
  epochs = 12,
  filters = 32,
  temperature = 2,
  learningRate = 3e-3,
  minutes = { train: 40, development: 20, test: 60 },
  copies = 8,
  thinned = 2,
}: Settings = {}) {
  const startedAt = performance.now();
  const sinceStart = () => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  const { clipsOf, spokenMs } = await readClips();
  const takes = await varied(clipsOf('takes', 'word'), copies, 1);
  const parts = {
    words: [...takes, ...(await varied(clipsOf('train', 'word'), 1, 2))],
    others: await varied(clipsOf('train', 'other'), 1, 3),
    sentences: clipsOf('train', 'sentence'),
  };
  await using trainer = await openTrainer();
  await using embedder = await openEmbedder();
  const all = await windowsOf(makeStream(parts, 60 * minutes.train, 1), embedder);
  // A window with a part of the word is neither: only the teacher's answer tells what to make of it.
  const clear = pickWindows(all, (i) => (all.labels[i] as number) >= 0);
  const ofStudent = pickWindows(all, (i) => all.labels[i] !== 0 || i % thinned === 0);
  const ofTakes = pickWindows(
    ofStudent,
    (i) => (ofStudent.labels[i] as number) >= 0 && (ofStudent.words[i] as number) < takes.length,
  );
  const wholeIn = (one: Learned) => one.labels.filter((label) => label === 1).length;
  say(
    `${all.size} windows, ${wholeIn(all)} with the word, ${wholeIn(ofTakes)} of these from five takes; ${sinceStart()}`,
  );
  const scale = scalerOf(clear.features);
  const featuresOf = ({ features, size }: Learned): NdArray => ({ data: scale(features), shape: [size, WIDTH] });
  const spectraOf = ({ spectra, size }: Learned): NdArray => ({
    data: spectra,
    shape: [size, FRAMES, LOG_MEL.bands, 1],
  });

  const head = await trainStudent('head', {
    ...{ trainer, epochs: 8, seed: 1, optimizer: { name: 'adamw', learningRate: 2e-3, weightDecay: 0.3 } },
    ...{ loss: crossEntropy(), data: fromArrays(featuresOf(clear), clear.labels) },
    student: mlp({ inputShape: [WIDTH], hidden: [128], classes: 2 }),
  });
  const streams = makeStreams(clipsOf, scored, minutes);
  /** What the head says of a stream, at its own pace. */
  const teacherScores = async ({ samples }: Stream): Promise<Scores> => {
    const features = await embedder.featuresOf(samples);
    const size = features.length / WIDTH;
    const input = { data: scale(features), shape: [size, WIDTH] };
    const logits = (await trainer.predict(head, { input }))['logits'] as NdArray;
    const probabilities = Array.from(
      { length: size },
      (_, i) => 1 / (1 + Math.exp((logits.data[2 * i] as number) - (logits.data[2 * i + 1] as number))),
    );
    const scores = Float32Array.from(probabilities, (_, i) =>
      i + 1 < SMOOTHING ? 0 : meanOf(probabilities.slice(i + 1 - SMOOTHING, i + 1)),
    );
    return { scores, firstSeconds: WINDOW_SECONDS, hopSeconds: HOP_SECONDS };
  };
  const ofTeacher = { development: [] as Scores[], scored: [] as Scores[] };
  for (const part of ['development', 'scored'] as const) {
    for (const stream of streams[part]) ofTeacher[part].push(await teacherScores(stream));
  }
  const teacherJudged = judged('teacher', ofTeacher, streams);
  say(`the teacher is there, and judged, after ${sinceStart()}`);

  const speech = await snapshot(head, { name: 'openWakeWord’s embedding with a head' });
  const make = () => dsCnn({ inputShape: [FRAMES, LOG_MEL.bands, 1], classes: 2, filters });
  const results = { student: [] as Judged[], control: [] as Judged[] };
  let file: Uint8Array | undefined;
  for (const seed of seeds) {
    const shared = { trainer, epochs, seed, optimizer: { learningRate }, schedule: oneCycle() };
    const student = await trainStudent(`student ${seed}`, {
      ...{
        ...shared,
        teacher: speech,
        teacherData: fromArrays(featuresOf(ofStudent)),
        loss: softTargets({ temperature }),
      },
      ...{ student: make(), data: fromArrays(spectraOf(ofStudent)) },
    });
    // As many steps as the student has; its windows are fewer.
    const control = await trainStudent(`control ${seed}`, {
      ...{ ...shared, epochs: Math.round((epochs * ofStudent.size) / ofTakes.size), loss: crossEntropy() },
      ...{ student: make(), data: fromArrays(spectraOf(ofTakes), ofTakes.labels) },
    });
    say(`both are trained after ${sinceStart()}`);
    for (const [name, one] of [
      ['student', student],
      ['control', control],
    ] as const) {
      const { bytes } = await quantize(await toOnnx(one), { to: 'dynamic-int8' }).done;
      if (name === 'student') file ??= bytes;
      const scores = {
        development: await studentScores(bytes, streams.development),
        scored: await studentScores(bytes, streams.scored),
      };
      results[name].push(judged(`${name} ${seed}`, scores, streams));
    }
    say(`both are judged after ${sinceStart()}`);
  }
  await speech[Symbol.asyncDispose]();
  const bytes = file as Uint8Array;
  offer('marvin.int8.onnx', bytes);
  const mean = (list: readonly Judged[]) => ({
    missed: meanOf(list.map(({ missed }) => missed)),
    falseAnHour: meanOf(list.map(({ falseAnHour }) => falseAnHour)),
  });
  const [student, control] = [mean(results.student), mean(results.control)];
  return {
    teacher: 'openWakeWord’s embedding, a head',
    student: 'dsCnn, int8',
    control: 'the labels of five takes',
    metric: METRIC,
    better: 'higher',
    ...{ teacherValue: 1 - teacherJudged.missed, studentValue: 1 - student.missed, controlValue: 1 - control.missed },
    falseAcceptsAnHour: {
      teacher: teacherJudged.falseAnHour,
      student: student.falseAnHour,
      control: control.falseAnHour,
    },
    seeds: results,
    studentBytes: bytes.byteLength,
    msPerExample: await timeOf(bytes),
    ms: spokenMs + performance.now() - startedAt,
  };
}

/** The median of one window at a time. */
async function timeOf(file: Uint8Array): Promise<number> {
  await using ears = await loadStudent(file);
  const input = { data: new Float32Array(FRAMES * LOG_MEL.bands), shape: [1, FRAMES, LOG_MEL.bands, 1] };
  const [name = 'input'] = Object.keys(ears.description.inputs);
  return await medianMsOf(() => ears.predict({ [name]: input }));
}

openTask({ run });
