// On the page: a teacher that finds the points of a face is asked about a film, and a small student learns to find some of them.
import {
  correctPointsOf,
  fromArrays,
  fromFunction,
  keypoints,
  loadStudent,
  loadTfjsTeacher,
  measure,
  type NamedArrays,
  type NdArray,
  normalizedMeanErrorOf,
  oneCycle,
  pointDistance,
  quantize,
  type Teacher,
  toOnnx,
} from 'limbeck';
import { type Crops, cropsOf, EYES, MESH, openFilm, SIDE } from './faceCrops.ts';
import { addressOf, learnBoth, meanOf, medianMsOf, offer, openTask, overSeeds, say } from './tools.ts';

interface Settings {
  /** What the figures are of: choices are made on 'development'. */
  readonly scored?: 'development' | 'test';
  readonly seeds?: readonly number[];
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly filters?: number;
  /** The side of the student's picture. */
  readonly size?: number;
  readonly loss?: Parameters<typeof pointDistance>[0];
  /** Frames that the student learns from, and pictures of each. */
  readonly frames?: number;
  readonly perFrame?: number;
  /** Frames whose points the control knows. */
  readonly known?: number;
  /** Frames that are scored. */
  readonly held?: number;
}

/** Parts of the film: nothing that is scored lies near what was learned from. */
const PARTS = {
  train: { from: 0, to: 0.5 },
  development: { from: 0.52, to: 0.65 },
  test: { from: 0.67, to: 1 },
} as const;

/** How far off a point may be that counts as found, as a share of the distance of the eyes' outer corners. */
const WITHIN = 0.1;
const METRIC = 'points within 10 % of the distance of the eyes, one person’s face';
const FOUND = [
  correctPointsOf({ within: WITHIN, between: EYES }),
  correctPointsOf({ within: WITHIN / 2, between: EYES }),
  normalizedMeanErrorOf({ between: EYES }),
] as const;

const BATCH = 32;

interface Scores {
  readonly share: number;
  /** Within half of that. */
  readonly near: number;
  readonly error: number;
}

function scoresOf(student: NdArray, teacher: NdArray): Scores {
  const found = measure({ student, teacher }, { kind: 'points', metrics: FOUND });
  const [share, near, error] = FOUND.map(({ name }) => found[name] as number) as [number, number, number];
  return { share, near, error };
}

const inWords = ({ share, near, error }: Scores): string =>
  `${(100 * share).toFixed(1)} % within ${WITHIN}, ${(100 * near).toFixed(1)} % within ${WITHIN / 2}, mean error ${(100 * error).toFixed(2)} %`;

/** Of all pictures, a batch at a time. */
async function pointsFrom(ask: (inputs: NamedArrays) => Promise<NdArray | undefined>, pictures: NdArray) {
  const [count = 0, ...rest] = pictures.shape;
  const length = pictures.data.length / count;
  const points = new Float32Array(count * MESH.length * 2);
  for (let from = 0; from < count; from += BATCH) {
    const rows = Math.min(BATCH, count - from);
    const data = pictures.data.slice(from * length, (from + rows) * length);
    points.set((await ask({ input: { data, shape: [rows, ...rest] } }))?.data ?? [], from * MESH.length * 2);
  }
  return { data: points, shape: [count, MESH.length, 2] };
}

/** MediaPipe's mesh, of which 57 points are read, as places in the picture. */
function loadMesh(): Promise<Teacher> {
  return loadTfjsTeacher(addressOf('models/facemesh.json'), {
    name: 'face mesh of MediaPipe',
    input: { layout: 'nhwc' },
    read: ({ output_mesh: mesh }) => {
      const batch = mesh?.shape[0] ?? 0;
      const points = new Float32Array(batch * MESH.length * 2);
      for (let b = 0; b < batch; b++)
        for (const [p, at] of MESH.entries())
          for (const axis of [0, 1])
            points[(b * MESH.length + p) * 2 + axis] = (mesh?.data[b * 1404 + 3 * at + axis] as number) / SIDE;
      return { points: { data: points, shape: [batch, MESH.length, 2] } };
    },
  }).done;
}

const withPoints = ({ grey, points }: Crops) => ({ input: grey, points });

async function run(settings: Settings = {}) {
  const startedAt = performance.now();
  const { scored = 'test', seeds = [0, 1, 2], epochs = 90, learningRate = 0.004, loss = {} } = settings;
  const { filters = 16, size = 64, frames = 240, perFrame = 6, known = 10, held = 80 } = settings;
  await using mesh = await loadMesh();
  const film = await openFilm('data/talk.webm');
  const train = await cropsOf(film, mesh, { ...PARTS.train, frames, perFrame, size, seed: 1, colours: 'none' });
  // As many pictures, of fewer frames, as of someone who marks the points in them by hand: those may be shifted and turned as often as one likes.
  const marked = await cropsOf(film, mesh, {
    ...{ ...PARTS.train, frames: known, perFrame: Math.round((frames * perFrame) / known), size, seed: 3 },
    colours: 'none',
  });
  const unseen = await cropsOf(film, mesh, {
    ...PARTS[scored],
    frames: held,
    perFrame: 2,
    size,
    seed: 2,
    colours: 'kept',
  });
  const ofTeacher = scoresOf(
    await pointsFrom(async (inputs) => (await mesh.ask(inputs))['points'], unseen.colour),
    unseen.points,
  );
  say(
    `${mesh.description.name}: ${inWords(ofTeacher)}; ${Math.round((performance.now() - startedAt) / 1000)} s until here`,
  );

  // The teacher was asked about each frame while the face stood upright; its points went along when the picture was shifted and turned.
  const answers = fromFunction(({ points }) => ({ points: points as NdArray }), { name: 'answers to upright frames' });
  const both = await learnBoth(seeds, async ({ isControl, name, train: teach }) => {
    const student = await teach({
      ...{
        epochs,
        batchSize: BATCH,
        optimizer: { learningRate },
        schedule: oneCycle(),
        loss: pointDistance(loss),
      },
      student: keypoints({ inputShape: [size, size, 1], points: MESH.length, filters }),
      teacher: answers,
      data: fromArrays(isControl ? withPoints(marked) : withPoints(train)),
    });
    const { bytes } = await quantize(await toOnnx(student), { to: 'float16' }).done;
    const scores = scoresOf(await answersOf(bytes, unseen), unseen.points);
    say(`${name}: ${inWords(scores)}`);
    return { bytes, ...scores };
  });
  URL.revokeObjectURL(film.src);

  const { bytes } = both.student[0] as (typeof both.student)[number];
  offer('landmarks.onnx', bytes);
  const of = (all: readonly Scores[]) => ({
    withinHalf: meanOf(all.map(({ near }) => near)),
    meanError: meanOf(all.map(({ error }) => error)),
  });
  return {
    teacher: 'face mesh of MediaPipe (468 points), on the same disturbed pictures',
    student: `keypoints ${size} × ${size}, ${MESH.length} points, float16`,
    control: `the points of ${known === 1 ? 'one frame' : `${known} frames`}, in as many pictures; the student had those of ${frames} from its teacher`,
    metric: METRIC,
    better: 'higher',
    teacherValue: ofTeacher.share,
    ...overSeeds(both, ({ share }) => share),
    studentBytes: bytes.byteLength,
    msPerExample: await timeOf(bytes, unseen),
    ms: performance.now() - startedAt,
    further: { teacher: of([ofTeacher]), student: of(both.student), control: of(both.control) },
  };
}

async function answersOf(file: Uint8Array, { grey }: Crops): Promise<NdArray> {
  await using student = await loadStudent(file);
  return await pointsFrom(async (inputs) => (await student.predict(inputs)).outputs['points'], grey);
}

/** The median of one picture at a time. */
async function timeOf(file: Uint8Array, { grey: { data, shape } }: Crops): Promise<number> {
  await using student = await loadStudent(file);
  const count = shape[0] as number;
  const length = data.length / count;
  return await medianMsOf((i) => {
    const from = (i % count) * length;
    return student.predict({ input: { data: data.slice(from, from + length), shape: [1, ...shape.slice(1)] } });
  });
}

openTask({ run });
