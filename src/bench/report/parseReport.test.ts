import { describe, expect, test } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { environment, report, row, skippedRow } from '../cases/reportCases.ts';
import { parseReport } from './parseReport.ts';
import { MOST_ROWS, REPORT_SCHEMA } from './schema.ts';

const whole = report(
  [
    row({ simdLevel: 'simd', peakBytes: 1e6, errorFraction: 0.001 }),
    skippedRow({ backend: 'onnxruntime-webgpu', notices: ['A notice.'] }),
  ],
  {
    environment: environment({
      processor: 'A processor',
      memoryBytes: 8 * 2 ** 30,
      power: { isCharging: true, levelFraction: 1 },
      gpu: { name: 'maker', isSoftware: true, limits: { maxBufferSize: 2 ** 28 }, features: ['shader-f16'] },
      why: { webgpu: 'None.' },
    }),
    recommendation: { mlp: 'kernels' },
  },
);

type Part = 'report' | 'row' | 'environment';

/** The error that a report gives in which one part is changed. */
function refusal(part: Part, changes: object): LimbeckError {
  const copy = JSON.parse(JSON.stringify(whole));
  Object.assign({ report: copy, row: copy.rows[0], environment: copy.environment }[part], changes);
  try {
    parseReport(JSON.stringify(copy));
  } catch (error) {
    if (error instanceof LimbeckError) return error;
    throw error;
  }
  throw new Error('It was read.');
}

describe('a report', () => {
  test('comes back from its text as it was, unknown figures as NaN', () => {
    expect(parseReport(JSON.stringify(whole))).toEqual(whole);
    expect(parseReport(whole)).toEqual(whole);
    expect(parseReport(whole)).not.toBe(whole);
  });

  test('may hold more than the schema knows, which is left behind', () => {
    const more = { ...whole, more: 1, rows: whole.rows.map((one) => ({ ...one, colour: 'red' })) };
    expect(parseReport(JSON.stringify(more))).toEqual(whole);
  });

  test('is described by a schema that is JSON', () => {
    expect(JSON.parse(JSON.stringify(REPORT_SCHEMA))).toEqual(REPORT_SCHEMA);
    expect(REPORT_SCHEMA.required).toEqual(Object.keys(whole));
  });
});

describe('what is no report is refused with its place', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [i, 'x']));
  test.each<[string, Part, object, string, RegExp]>([
    ['another format', 'report', { format: 'x' }, 'format', /must be "limbeck-bench"/],
    ['a newer version', 'report', { version: 2 }, 'version', /update limbeck/],
    ['no rows', 'report', { rows: undefined }, 'rows', /is missing/],
    ['rows that are none', 'report', { rows: { length: 3 } }, 'rows', /is an object; it must be a list/],
    ['many rows', 'report', { rows: Array(MOST_ROWS + 1).fill(null) }, 'rows', /5001 entries/],
    ['a date that is none', 'report', { date: 'yesterday' }, 'date', /no time in UTC/],
    ['a time that is a text', 'row', { medianMs: '5' }, 'rows[0].medianMs', /is "5"; it must be a number/],
    ['a negative time', 'row', { p90Ms: -1 }, 'rows[0].p90Ms', /at least 0/],
    ['half a thread', 'row', { threads: 1.5 }, 'rows[0].threads', /whole number/],
    ['a workload that is none', 'row', { workload: 'x' }, 'rows[0].workload', /one of inference/],
    ['a long sample', 'row', { sampleMs: Array(201).fill(1) }, 'rows[0].sampleMs', /201 entries/],
    ['an interval of one', 'row', { intervalMs: [1] }, 'rows[0].intervalMs', /2 to 2/],
    ['an interval that ends first', 'row', { intervalMs: [2, 1] }, 'rows[0].intervalMs', /before it begins/],
    ['a truth that is a number', 'row', { isRight: 1 }, 'rows[0].isRight', /true or false/],
    ['a name as long as a book', 'row', { model: 'x'.repeat(1e5) }, 'rows[0].model', /100000 characters/],
    ['many reasons', 'environment', { why: many(501) }, 'environment.why', /501 entries/],
    [
      'a battery fuller than full',
      'environment',
      { power: { isCharging: true, levelFraction: 2 } },
      'environment.power.levelFraction',
      /at most 1/,
    ],
  ])('%s', (_, part, changes, path, says) => {
    const { code, details, message } = refusal(part, changes);
    expect({ code, details }).toEqual({ code: 'report-invalid', details: { path } });
    expect(message).toMatch(says);
    expect(message.length).toBeLessThan(400);
  });

  test.each([
    ['no JSON', '{"format":'],
    ['a number', '5'],
    ['null', 'null'],
    ['a list', '[]'],
    ['nothing', undefined],
    ['JSON a thousand deep', '['.repeat(1000) + ']'.repeat(1000)],
    ['more text than any report has', ' '.repeat(32e6 + 1)],
  ])('%s', (_, given) => {
    expect(() => parseReport(given)).toThrow(expect.objectContaining({ name: 'LimbeckError', code: 'report-invalid' }));
  });

  test('an object whose getters throw', () => {
    const trap = {
      get format(): string {
        throw new Error('caught');
      },
    };
    expect(() => parseReport(trap)).toThrow(expect.objectContaining({ code: 'report-invalid' }));
  });
});

test('names of the prototype are names like others, and change nothing', () => {
  const text = JSON.stringify(whole)
    .replace('"recommendation":{', '"recommendation":{"__proto__":"a","constructor":"b",')
    .replace('"why":{', '"why":{"__proto__":"c",')
    .replace('{"format"', '{"__proto__":{"polluted":true},"format"');
  const read = parseReport(text);
  expect(Object.entries(read.recommendation)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
    ['mlp', 'kernels'],
  ]);
  expect(Object.getPrototypeOf(read.recommendation)).toBe(Object.prototype);
  expect(Object.hasOwn(read, 'polluted')).toBe(false);
  expect('polluted' in read).toBe(false);
});

test('a figure that is too large for a number is unknown', () => {
  const text = JSON.stringify(whole).replace(/"medianMs":2/, '"medianMs":1e999');
  expect(parseReport(text).rows[0]?.medianMs).toBeNaN();
});
