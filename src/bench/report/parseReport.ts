import { LimbeckError, messageOf } from '../../core/errors.ts';
import { parseJson } from '../../core/parseJson.ts';
import type { BenchReport } from '../report.ts';
import { readBySchema, reportFault } from './jsonSchema.ts';
import { REPORT_SCHEMA } from './schema.ts';

/** Many times the report of the longest benchmark. */
const MOST_CHARACTERS = 32e6;

/**
 * Reads a report from anywhere: its text, or what `JSON.parse` made of it. It may be hostile: what comes back holds only what
 * the schema knows, with each length and range checked. A figure that is null in JSON is NaN.
 * Throws    report-invalid: no JSON, too long, of a newer version, or not what the schema says; `details.path` says where
 */
export function parseReport(given: unknown): BenchReport {
  try {
    if (typeof given === 'string' && given.length > MOST_CHARACTERS) {
      throw reportFault('', `has ${given.length} characters; ${MOST_CHARACTERS} are allowed`);
    }
    const value = typeof given === 'string' ? parseJson(given) : given;
    checkVersion(value);
    const report = readBySchema(REPORT_SCHEMA, value) as BenchReport;
    checkValues(report);
    return report;
  } catch (error) {
    if (error instanceof LimbeckError) throw error;
    throw reportFault('', `cannot be read (${messageOf(error)})`, error);
  }
}

/** Before anything else: what a newer version wrote may differ anywhere. */
function checkVersion(value: unknown): void {
  const { format, version } = (value ?? {}) as { readonly format?: unknown; readonly version?: unknown };
  if (format === 'limbeck-bench' && typeof version === 'number' && version > 1) {
    throw reportFault('version', `is ${version}, which a newer limbeck wrote: update limbeck`);
  }
}

/** What the schema cannot say. */
function checkValues({ date, rows }: BenchReport): void {
  if (!/^\d{4}-\d\d-\d\dT[\d:.]{5,20}Z$/.test(date) || Number.isNaN(Date.parse(date))) {
    throw reportFault('date', 'is no time in UTC such as 2026-12-01T06:00:00.000Z');
  }
  for (const [i, { intervalMs }] of rows.entries()) {
    if (intervalMs[0] > intervalMs[1]) throw reportFault(`rows[${i}].intervalMs`, 'ends before it begins');
  }
}
