import { expect, test } from 'vitest';
import { measure } from './measure.ts';
import { checkMetrics, type Metric, OWN_METRICS } from './metric.ts';
import * as metrics from './metrics/all.ts';

const student = { data: Float32Array.of(1, 0, /**/ 0, 1), shape: [2, 2] };
const teacher = { data: Float32Array.of(1, 0, /**/ 1, 0), shape: [2, 2] };
const labels = Int32Array.of(1, 1);

const OF_VALUES = ['coefficientOfDetermination', 'meanAbsoluteError', 'rootMeanSquaredError'];
const OF_LABELS = ['accuracy', 'calibrationError', 'negativeLogLikelihood'];

test('measures what the inputs allow, by name', () => {
  expect(measure({ student })).toEqual({});
  expect(measure({ student, teacher })).toEqual({ agreement: 0.5 });
  const { accuracy, negativeLogLikelihood, calibrationError, ...rest } = measure({ student, labels });
  expect([accuracy, rest]).toEqual([0.5, {}]);
  expect(negativeLogLikelihood).toBeCloseTo(Math.log(1 + Math.E) - 0.5, 12);
  expect(calibrationError).toBeCloseTo(Math.E / (1 + Math.E) - 0.5, 12);
  expect(measure({ student, teacher, labels })).toMatchObject({ accuracy, agreement: 0.5, teacherAccuracy: 0 });
});

test('compares with labels only rows of classes, one per example', () => {
  for (const shape of [[1, 2, 2], [4], [2, 1, 2], [4, 1]]) {
    expect(Object.keys(measure({ student: { ...student, shape }, labels })), `[${shape}]`).toEqual([]);
  }
  expect(measure({ student, labels: Int32Array.of(0, 1, 0) })).toEqual({});
});

test('leaves out examples without a label if labels are read', () => {
  const all = { data: Float32Array.of(1, 0, /**/ 0, 1, /**/ 0, 1), shape: [3, 2] };
  const ofTeacher = { data: Float32Array.of(1, 0, /**/ 1, 0, /**/ 0, 1), shape: [3, 2] };
  const some = measure({ student: all, teacher: ofTeacher, labels: Int32Array.of(-1, 1, 0) });
  expect(some).toMatchObject({ accuracy: 0.5, teacherAccuracy: 0, agreement: 2 / 3 });
  expect(some['negativeLogLikelihood']).toBeCloseTo(Math.log(1 + Math.E) - 0.5, 12);
  expect(measure({ student: all, teacher: ofTeacher, labels: Int32Array.of(-1, -1, -1) })).toEqual({
    agreement: 2 / 3,
  });
  expect(measure({ student: all, labels: Int32Array.of(-1, 1) })).toEqual({});
});

test('compares a student only with a teacher of its own shape', () => {
  const wider = { data: Float32Array.of(1, 0, 0, /**/ 0, 0, 1), shape: [2, 3] };
  expect(measure({ student, teacher: wider })).toEqual({});
  expect(Object.keys(measure({ student, teacher: wider, labels })).sort()).toEqual([...OF_LABELS, 'teacherAccuracy']);
  const [frames, ofTeacher] = [student, teacher].map(({ data }) => ({ data, shape: [1, 2, 2] }));
  expect(measure({ student: frames as typeof student, teacher: ofTeacher as typeof teacher })).toEqual({
    agreement: 0.5,
  });
});

const column = (...data: number[]) => ({ data: Float32Array.from(data), shape: [data.length, 1] });

test('one number per example is a value, so no meaningless agreement of 1', () => {
  const found = measure({ student: column(1, 2, 3), teacher: column(30, -2, 5), labels: Int32Array.of(0, 0, 0) });
  expect(Object.keys(found)).toEqual(OF_VALUES);
  expect(found['coefficientOfDetermination']).toBeLessThan(0);
});

test('the kind of the outputs selects the metrics', () => {
  const other = { data: Float32Array.of(1, 0.5, /**/ 0, 1), shape: [2, 2] };
  expect(Object.keys(measure({ student, teacher: other, labels }, { kind: 'values' }))).toEqual(OF_VALUES);
  expect(Object.keys(measure({ student, teacher: other }, { kind: 'embeddings' }))).toEqual([
    'cosineSimilarity',
    'neighboursKept',
  ]);
  const longer = { data: new Float32Array(6).fill(1), shape: [2, 3] };
  expect(Object.keys(measure({ student, teacher: longer }, { kind: 'embeddings' }))).toEqual(['neighboursKept']);
  expect(Object.keys(measure({ student, teacher: longer }, { kind: 'quantiles' }))).toEqual(['intervalCoverage']);
  expect(measure({ student, teacher: longer }, { kind: 'scores' })).toEqual({});
  expect(Object.keys(measure({ student, teacher: other, labels }, { kind: 'scores' }))).toEqual([
    'normalizedGain@10',
    'rankCorrelation',
    'reciprocalRank',
    'topRecall@10',
  ]);
});

const largest: Metric = {
  name: 'largest',
  reads: { teacher: false, labels: false },
  compute: ({ student: { data } }) => Math.max(...data),
};

test('custom metrics are added, for the kind that they are made for', () => {
  expect(measure({ student }, { metrics: [largest] })).toEqual({ largest: 1 });
  expect(measure({ student }, { metrics: [{ ...largest, measures: 'values' }] })).toEqual({});
  expect(measure({ student }, { metrics: [{ ...largest, reads: { teacher: true, labels: false } }] })).toEqual({});
});

test.each<[string, unknown]>([
  ['no list', largest],
  ['no metric', [{ name: 'x' }]],
  ['a taken name', [{ ...largest, name: 'accuracy' }]],
  ['one name twice', [largest, largest]],
  ['an unknown kind', [{ ...largest, measures: 'sounds' }]],
])('%s is refused', (_, metrics) => {
  expect(() => checkMetrics(metrics as Metric[])).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});

test('the names that metrics of one’s own cannot have are those of limbeck’s', () => {
  expect(Object.values(metrics).map(({ name }) => name)).toEqual([...OWN_METRICS]);
});
