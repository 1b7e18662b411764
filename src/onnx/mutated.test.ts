import { expect, test } from 'vitest';
import { isLong } from '../../scripts/isLong.mjs';
import { LimbeckError } from '../core/errors.ts';
import { writeModel } from './model.ts';
import { mutated } from './mutatedCases.ts';
import { type ModelName, readModelFile } from './ortCases.ts';
import { prepareModel } from './prepare.ts';
import { TINY_MODELS } from './tinyCases.ts';
import { fieldsOf, toBytes } from './wireCases.ts';

const SHARE = isLong ? 1 : 0.2;
/** 10,000 files together in the long run, and a fifth otherwise; small ones more often, as they hold more structure a byte. */
const SOURCES: [string, () => Uint8Array, number][] = [
  ...Object.entries(TINY_MODELS).map(([name, make]): [string, () => Uint8Array, number] => [
    name,
    () => writeModel(make()),
    2500 * SHARE,
  ]),
  ...Object.entries({ wakeWord: 1000, wakeWordOther: 700, direction: 400, voice: 200, voiceLegacy: 200 }).map(
    ([name, count]): [string, () => Uint8Array, number] => [
      name,
      () => readModelFile(name as ModelName),
      count * SHARE,
    ],
  ),
];

test.each(SOURCES)('%s, mutated: a typed error or a model, in no time', (name, read, count) => {
  const original = read();
  // The cases can read what they break.
  expect(Buffer.compare(toBytes(fieldsOf(original)), original)).toBe(0);
  const outcomes = { refused: 0, accepted: 0 };
  for (let seed = 0; seed < count; seed++) {
    const { bytes, how } = mutated(original, seed);
    const start = performance.now();
    try {
      prepareModel(bytes, { name });
      outcomes.accepted++;
    } catch (error) {
      const isTyped = error instanceof LimbeckError && error.code === 'invalid-onnx';
      if (!isTyped) expect.unreachable(`seed ${seed} (${how}) ended in ${String(error)}`);
      outcomes.refused++;
    }
    if (performance.now() - start > 1000) expect.unreachable(`seed ${seed} (${how}) took longer than a second`);
  }
  expect(outcomes.refused).toBeGreaterThan(count / 2);
  expect(outcomes.accepted).toBeGreaterThan(count / 20);
});

test('the same seed breaks a file the same way', () => {
  const original = readModelFile('wakeWord');
  const [once, again, other] = [7, 7, 8].map((seed) => mutated(original, seed).bytes);
  expect(Buffer.compare(once as Uint8Array, again as Uint8Array)).toBe(0);
  expect(Buffer.compare(once as Uint8Array, other as Uint8Array)).not.toBe(0);
});
