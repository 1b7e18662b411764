// On the page: clips become windows, openWakeWord's embedding and a head on it teach a small student, and both listen to an hour.
import {
  cosine,
  crossEntropy,
  type DetectOptions,
  detect,
  dsCnn,
  fromArrays,
  type LoadedStudent,
  loadStudent,
  mlp,
  type NdArray,
  oneCycle,
  openTrainer,
  quantize,
  snapshot,
  softTargets,
  type Teacher,
  toOnnx,
} from 'limbeck';
import { learnBoth, meanOf, medianMsOf, offer, openTask, progress, say, trainStudent } from './tools.ts';
import { chooseThreshold, DENSE, heardAt, judge, RATE, type Scores, type Stream } from './wakeStream.ts';
import { HOP_SAMPLES, headScores, openEmbedder, scalerOf, sum, WIDTH } from './wakeTeacher.ts';
import {
  FRAMES,
  type Learned,
  LOG_MEL,
  makeStreams,
  partsIn,
  partsOf,
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
  readonly batchSize?: number;
  readonly filters?: number;
  readonly temperature?: number;
  readonly learningRate?: number;
  /** Variations of each of the five takes. */
  readonly copies?: number;
}

const METRIC = 'share of wake words heard, unseen synthetic voices';
/** What MLPerf Tiny allows. */
const MOST_FALSE_AN_HOUR = 8;
/** Two hops of what is learned from. */
const HOP_SECONDS = (2 * HOP_SAMPLES) / RATE;
const SMOOTHING = 3;
/** Variations of each clip of the other speakers. */
const OTHER_COPIES = 2;

/** How `listen` and `detect` hear the student. */
const HEARING: DetectOptions = { logMel: LOG_MEL, hopSeconds: HOP_SECONDS, smoothing: SMOOTHING };

async function studentScores(ears: LoadedStudent, streams: readonly Stream[]): Promise<Scores[]> {
  const scores: Scores[] = [];
  for (const { samples } of streams) scores.push(await detect(ears, samples, HEARING));
  return scores;
}

interface Judged {
  readonly missed: number;
  readonly falseAnHour: number;
  readonly threshold: number;
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
  return { missed, falseAnHour, threshold };
}

async function run({
  scored = 'test',
  seeds = [1, 2, 3],
  epochs = 5,
  batchSize = 64,
  filters = 40,
  temperature = 2,
  learningRate = 3e-3,
  copies = 16,
}: Settings = {}) {
  const startedAt = performance.now();
  const sinceStart = () => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  progress('voices', 0);
  const { clipsOf, minutes, spokenMs } = await readClips();
  const takes = await varied(clipsOf('takes', 'word'), copies, 1);
  const parts = {
    words: [...takes, ...(await varied(clipsOf('train', 'word'), OTHER_COPIES, 2))],
    others: await varied(clipsOf('train', 'other'), OTHER_COPIES, 3),
    sentences: clipsOf('train', 'sentence'),
  };
  say(`the voices are there after ${sinceStart()}; speaking them had taken ${Math.round(spokenMs / 1000)} s`);
  await using embedder = await openEmbedder();
  const heard = await windowsOf(partsOf(parts, minutes.train, 1, DENSE), embedder, (done) =>
    progress('openWakeWord listens', done / partsIn(minutes.train)),
  );
  // A student learns from every other one of what the head learns from: more voices help it more than more windows of each.
  const learned = pickWindows(heard, (i) => i % 2 === 0);
  const ofTakes = pickWindows(
    learned,
    (i) => (learned.labels[i] as number) >= 0 && (learned.words[i] as number) < takes.length,
  );
  const wholeIn = (one: Learned) => one.labels.filter((label) => label === 1).length;
  say(
    `${learned.size} windows, ${wholeIn(learned)} with the word, ${wholeIn(ofTakes)} of these from five takes; ${sinceStart()}`,
  );
  const scale = scalerOf(heard.features);
  const featuresOf = ({ features, labels, size }: Learned) =>
    fromArrays({ data: scale(features), shape: [size, WIDTH] }, labels);
  const spectraOf = ({ spectra, size }: Learned): NdArray => ({
    data: spectra,
    shape: [size, FRAMES, LOG_MEL.bands, 1],
  });
  const streams = makeStreams(clipsOf, scored, minutes);
  const taughtHead = async (): Promise<[Teacher, Judged]> => {
    await using trainer = await openTrainer();
    const head = await trainStudent('head', {
      ...{ trainer, epochs: 4, seed: 1, optimizer: { name: 'adamw', learningRate: 2e-3, weightDecay: 0.3 } },
      schedule: cosine(1, 0),
      // What holds a part of the word has no label, and only the head's answer tells what to make of it.
      ...{ loss: crossEntropy(), data: featuresOf(heard) },
      student: mlp({ inputShape: [WIDTH], hidden: [256], classes: 2 }),
    });
    const most = streams.development.length + streams.scored.length;
    let listened = 0;
    const scoresOf = async (list: readonly Stream[]) => {
      const scores: Scores[] = [];
      for (const { samples } of list) {
        progress('the teacher is judged', listened++ / most);
        const data = scale(await embedder.featuresOf(samples));
        const input = { data, shape: [data.length / WIDTH, WIDTH] };
        scores.push(headScores((await trainer.predict(head, { input }))['logits'] as NdArray, SMOOTHING));
      }
      return scores;
    };
    const scores = { development: await scoresOf(streams.development), scored: await scoresOf(streams.scored) };
    return [await snapshot(head, { name: 'openWakeWord’s embedding with a head' }), judged('teacher', scores, streams)];
  };
  const [speech, teacherJudged] = await taughtHead();
  say(`the teacher is there, and judged, after ${sinceStart()}`);

  let file: Uint8Array | undefined;
  /** The same student for the same number of steps. */
  const results = await learnBoth(seeds, async ({ isControl, seed, name, train }) => {
    const student = await train({
      ...{ batchSize, optimizer: { learningRate }, schedule: oneCycle() },
      student: dsCnn({ inputShape: [FRAMES, LOG_MEL.bands, 1], classes: 2, filters }),
      ...(isControl
        ? {
            data: fromArrays(spectraOf(ofTakes), ofTakes.labels),
            loss: crossEntropy(),
            epochs: Math.round((epochs * learned.size) / ofTakes.size),
          }
        : {
            teacher: speech,
            teacherData: featuresOf(learned),
            data: fromArrays(spectraOf(learned)),
            loss: softTargets({ temperature }),
            epochs,
          }),
    });
    const { bytes } = await quantize(await toOnnx(student), { to: 'dynamic-int8' }).done;
    say(`${name} is trained after ${sinceStart()}`);
    if (!isControl && seed === seeds[0]) file = bytes;
    await using ears = await loadStudent(bytes, { threads: 1 });
    const found = {
      development: await studentScores(ears, streams.development),
      scored: await studentScores(ears, streams.scored),
    };
    const outcome = judged(name, found, streams);
    say(`${name} is judged after ${sinceStart()}`);
    return outcome;
  });
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
    // The student that is offered as a file.
    hearing: { ...HEARING, threshold: (results.student[0] as Judged).threshold },
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
