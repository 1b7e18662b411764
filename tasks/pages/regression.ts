// On the page: a random forest of ml-random-forest is asked as a black box, and an mlp a hundred times smaller learns from it.
import {
  fromArrays,
  fromFunction,
  type Loss,
  loadStudent,
  measure,
  mlp,
  type NamedArrays,
  type NdArray,
  openTrainer,
  quantileRegression,
  regression,
  type Student,
  type Teacher,
  toOnnx,
} from 'limbeck';
import { RandomForestRegression } from 'ml-random-forest';
import { fileOf, meanOf, offer, openTask, randomFrom, say, trainStudent } from './tools.ts';

interface Table {
  readonly features: readonly number[][];
  readonly values: readonly number[];
}

interface Settings {
  /** What the figures are of: choices are made on 'development'. */
  readonly scored?: 'development' | 'test';
  readonly seeds?: readonly number[];
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly hidden?: readonly number[];
  /** Made-up examples that only the teacher knows an answer for. */
  readonly asked?: number;
  /** Cars of which the user knows the truth; the teacher learned from more, which the user need not have. */
  readonly measured?: number;
  readonly controlEpochs?: number;
}

const METRIC = 'R² of miles per gallon, unseen cars';
const QUANTILES = [0.05, 0.5, 0.95];

const rowsOf = (rows: readonly (readonly number[])[]): NdArray => ({
  data: Float32Array.from(rows.flat()),
  shape: [rows.length, rows[0]?.length ?? 0],
});

/** One split for all seeds, by a fixed order: the test rows are read once, for the row. */
function splitOf({ features, values }: Table) {
  const random = randomFrom(7);
  const order = [...features.keys()];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const [test, development] = [Math.round(0.2 * order.length), Math.round(0.15 * order.length)];
  const parts = {
    test: order.slice(0, test),
    development: order.slice(test, test + development),
    train: order.slice(test + development),
  };
  // Columns and values become numbers of mean 0 and deviation 1, as the training rows are.
  const columnOf = (rows: readonly number[], of: (row: number) => number) => {
    const mean = meanOf(rows.map(of));
    return { mean, deviation: Math.sqrt(meanOf(rows.map((row) => (of(row) - mean) ** 2))) || 1 };
  };
  const columns = (features[0] ?? []).map((_, c) => columnOf(parts.train, (row) => features[row]?.[c] as number));
  const unit = columnOf(parts.train, (row) => values[row] as number);
  const scaled = (rows: readonly number[]) => ({
    features: rows.map((row) =>
      columns.map(({ mean, deviation }, c) => ((features[row]?.[c] as number) - mean) / deviation),
    ),
    values: rows.map((row) => ((values[row] as number) - unit.mean) / unit.deviation),
  });
  return {
    train: scaled(parts.train),
    development: scaled(parts.development),
    test: scaled(parts.test),
    deviation: unit.deviation,
  };
}

/** Examples between two training rows each, which nobody has measured. */
function between(rows: readonly number[][], count: number, random: () => number): number[][] {
  const pick = () => rows[Math.floor(random() * rows.length)] as number[];
  return Array.from({ length: count }, () => {
    const [first, second, share] = [pick(), pick(), random()];
    return first.map((value, c) => share * value + (1 - share) * (second[c] as number));
  });
}

async function answersOf(student: Student, rows: NdArray) {
  const loaded = await loadStudent(student);
  try {
    const startedAt = performance.now();
    const { outputs } = await loaded.predict({ input: rows });
    const ms = performance.now() - startedAt;
    return { values: outputs['logits'] as NdArray, msPerExample: ms / (rows.shape[0] as number) };
  } finally {
    await loaded[Symbol.asyncDispose]();
  }
}

async function learnTable(table: Table, settings: Settings) {
  const { scored = 'test', seeds = [0, 1, 2], epochs = 60, learningRate = 0.003 } = settings;
  const { hidden = [24, 24], asked = 3000, measured: few = 50, controlEpochs = 60 } = settings;
  const { train, deviation, ...others } = splitOf(table);
  const [rows, truth] = [
    rowsOf(others[scored].features),
    { data: Float32Array.from(others[scored].values), shape: [others[scored].values.length, 1] },
  ];
  const forest = new RandomForestRegression({
    nEstimators: 100,
    maxFeatures: 0.7,
    replacement: false,
    seed: 1,
    useSampleBagging: true,
    noOOB: true,
    isClassifier: false,
    treeOptions: {},
  } as never);
  forest.train(train.features, [...train.values]);
  const forestBytes = JSON.stringify(forest).length;
  const listed = ({ data, shape }: NdArray) =>
    Array.from({ length: shape[0] as number }, (_, i) => [
      ...data.slice(i * (shape[1] as number), (i + 1) * (shape[1] as number)),
    ]);
  const teacher = fromFunction(
    ({ input }: NamedArrays) => {
      const trees = forest.predictionValues(listed(input as NdArray)).to2DArray();
      return {
        logits: rowsOf(trees.map((values) => [meanOf(values)])),
        // One number of each tree: their spread is what intervals are learned from.
        trees: rowsOf(trees),
      };
    },
    { name: 'a random forest' },
  );
  const trainer = await openTrainer();
  const inputs = rowsOf([...train.features, ...between(train.features, asked, randomFrom(3))]);
  const taught = fromArrays(inputs);
  // The control sees what is true of some rows, given as an answer.
  const measured = fromArrays({
    input: rowsOf(train.features.slice(0, few)),
    target: rowsOf(train.values.slice(0, few).map((value) => [value])),
  });
  const known = fromFunction(({ target }) => ({ logits: target as NdArray }), { name: 'what was measured' });
  const learned = async (name: string, from: Teacher, loss: Loss, outputs: number, seed: number) => {
    const isControl = from === known;
    const student = await trainStudent(name, {
      teacher: from,
      student: mlp({ inputShape: [train.features[0]?.length ?? 1], hidden, classes: outputs }),
      data: isControl ? measured : taught,
      loss,
      epochs: isControl ? controlEpochs : epochs,
      batchSize: 64,
      optimizer: { learningRate },
      seed,
      trainer,
    });
    return { student, ...(await answersOf(student, rows)) };
  };
  const figuresOf = (values: NdArray) => {
    const found = measure({ student: values, teacher: truth }, { kind: 'values' });
    return {
      r2: found['coefficientOfDetermination'] as number,
      rmse: (found['rootMeanSquaredError'] as number) * deviation,
    };
  };
  try {
    const ofTeacher = figuresOf((await teacher.ask({ input: rows }))['logits'] as NdArray);
    const [students, controls, covered] = [[], [], []] as [
      { r2: number; rmse: number; ms: number; bytes: number }[],
      { r2: number; rmse: number }[],
      number[],
    ];
    for (const seed of seeds) {
      const loss = regression({ output: 'logits' });
      const { student, values, msPerExample } = await learned('student', teacher, loss, 1, seed);
      const file = await toOnnx(student);
      if (students.length === 0) offer('miles-per-gallon.onnx', file);
      students.push({ ...figuresOf(values), ms: msPerExample, bytes: file.byteLength });
      controls.push(figuresOf((await learned('control', known, loss, 1, seed)).values));
      const limits = quantileRegression({ quantiles: QUANTILES, output: 'logits', teacherOutput: 'trees' });
      const quantiles = (await learned('intervals', teacher, limits, QUANTILES.length, seed)).values;
      covered.push(
        measure({ student: quantiles, teacher: truth }, { kind: 'quantiles' })['intervalCoverage'] as number,
      );
    }
    const of = (all: readonly { r2: number; rmse: number }[]) =>
      `R² ${meanOf(all.map(({ r2 }) => r2)).toFixed(4)}, RMSE ${meanOf(all.map(({ rmse }) => rmse)).toFixed(2)}`;
    say(
      `${train.features.length} rows known: forest ${of([ofTeacher])}; student ${of(students)}; control ${of(controls)}`,
    );
    say(`intervals of 0.9 hold ${covered.map((share) => share.toFixed(3)).join(', ')} of the true values`);
    return { ofTeacher, students, controls, covered, forestBytes };
  } finally {
    await trainer[Symbol.asyncDispose]();
    await teacher[Symbol.asyncDispose]();
  }
}

async function run(settings: Settings = {}) {
  const startedAt = performance.now();
  const cars = await learnTable((await (await fileOf('data/cars.json')).json()) as Table, settings);
  const [first] = cars.students;
  return {
    teacher: `random forest of 100 trees (ml-random-forest), ${cars.forestBytes} bytes as JSON`,
    student: `mlp ${(settings.hidden ?? [24, 24]).join(', ')}`,
    control: `what was measured of ${settings.measured ?? 50} cars`,
    metric: METRIC,
    better: 'higher',
    teacherValue: cars.ofTeacher.r2,
    studentValue: meanOf(cars.students.map(({ r2 }) => r2)),
    controlValue: meanOf(cars.controls.map(({ r2 }) => r2)),
    studentBytes: first?.bytes ?? Number.NaN,
    msPerExample: meanOf(cars.students.map(({ ms }) => ms)),
    ms: performance.now() - startedAt,
    seeds: { student: cars.students.map(({ r2 }) => r2), control: cars.controls.map(({ r2 }) => r2) },
    rmse: { teacher: cars.ofTeacher.rmse, student: meanOf(cars.students.map(({ rmse }) => rmse)) },
    coverage: { promised: 0.9, found: meanOf(cars.covered) },
  };
}

openTask({ run });
