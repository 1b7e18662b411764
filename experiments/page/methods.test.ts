import { describe, expect, test } from 'vitest';
import type { SettingName } from './amounts.ts';
import { comparedWith, type Method } from './method.ts';
import { methods } from './methods.ts';

const rows = methods.flatMap((method) => method.settings.map((of) => ({ method, of, name: `${of} ${method.name}` })));
const taught = rows.filter(({ method }) => method.kind !== 'baseline');

function rowOf(name: string | null, of: SettingName): Method | undefined {
  return methods.find((method) => method.name === name && method.settings.includes(of));
}

/** All in which two rows may differ beside who teaches; in 'few' every student is the cnn. */
function variantOf({ student, view, varied = false }: Method, of: SettingName) {
  return { student: of === 'few' ? 'cnn' : (student ?? 'mlp'), view, varied };
}

test('names are given once', () => {
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
});

describe('a row is held against a student without a teacher that is the same in all else', () => {
  test.each(taught)('$name', ({ method, of }) => {
    const control = rowOf(comparedWith(method, of).baseline, of) as Method;
    expect(control?.kind).toBe('baseline');
    expect(variantOf(control, of)).toEqual(variantOf(method, of));
    expect(control.among).toBe(method.among);
    expect(control.holdout).toBe(method.holdout);
  });
});

describe('a row adds one thing to a row that is the same in all else', () => {
  test.each(taught.filter(({ method, of }) => comparedWith(method, of).addsTo !== null))('$name', ({ method, of }) => {
    const less = rowOf(comparedWith(method, of).addsTo, of) as Method;
    expect(less?.kind).not.toBe('baseline');
    expect(variantOf(less, of)).toEqual(variantOf(method, of));
  });
});

test('a second teacher that saw varied digits stands in rows whose students see varied digits', () => {
  const several = taught.filter(({ method }) => /^(two|.*two specialists)/.test(method.teacher ?? ''));
  expect(several.length).toBeGreaterThanOrEqual(14);
  expect(several.filter(({ method }) => !method.varied)).toEqual([]);
});
