import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as losses from './all.ts';

test('every loss keeps both contracts', () => {
  const barrel = readFileSync(new URL('all.ts', import.meta.url), 'utf8');
  const files = [...barrel.matchAll(/'(\.\/\w+\/\w+)\.ts'/g)].map(([, file]) => file as string);
  expect(files.length).toBe(Object.keys(losses).length);
  const untested = files.filter((file) => {
    const beside = new URL(`${file}.test.ts`, import.meta.url);
    const text = existsSync(beside) ? readFileSync(beside, 'utf8') : '';
    const isAsked = (contract: string) => new RegExp(`\\b${contract}(<[^(]*>)?\\(`).test(text);
    return !isAsked('checkLoss') || !isAsked('checkUse');
  });
  expect(untested).toEqual([]);
});
