import { expect, test } from 'vitest';
import { type Source, sourcesIn } from './sources.ts';

const ASK_AT = 250;
const REFUSE_AT = 300;

/** Files between the two limits, each with its reason. */
const REASONS: Readonly<Record<string, string>> = {
  'src/runtime/kernels/convolution.ts': 'the three directions of a convolution share one arithmetic of indices',
};

/** Files above the second limit that wait to be cut: their lengths may only shrink, and the list too. */
const TO_BE_CUT: Readonly<Record<string, number>> = {
  'src/losses/lossContract.ts': 420,
  'src/runtime/kernels/kernelCases.ts': 520,
  'src/runtime/kernels/kernels.test.ts': 420,
  'src/train/engine.test.ts': 500,
  'src/train/loop.test.ts': 400,
};

function lengthOffences(
  sources: readonly Source[],
  reasons: Readonly<Record<string, string>>,
  toBeCut: Readonly<Record<string, number>>,
): string[] {
  const lengths = new Map(sources.map(({ file, text }) => [file, text.trimEnd().split('\n').length]));
  const offences = [...lengths].flatMap(([file, length]) => {
    const known = toBeCut[file];
    if (known !== undefined && length > known)
      return [`${file} grew from ${known} to ${length} lines; it is to be cut`];
    if (known !== undefined && length > REFUSE_AT) return [];
    if (length > REFUSE_AT) return [`${file} has ${length} lines; cut it in two, at ${REFUSE_AT} it ends`];
    if (length <= ASK_AT || reasons[file] !== undefined) return [];
    return [`${file} has ${length} lines; cut it, or give a reason in scripts/house/fileSize.test.ts`];
  });
  const listed: [string, number][] = [
    ...Object.keys(reasons).map((file): [string, number] => [file, ASK_AT]),
    ...Object.keys(toBeCut).map((file): [string, number] => [file, REFUSE_AT]),
  ];
  const stale = listed.filter(([file, limit]) => (lengths.get(file) ?? 0) <= limit);
  return [...offences, ...stale.map(([file]) => `${file} needs no line in scripts/house/fileSize.test.ts any more`)];
}

test('no file is longer than one reads at once', () => {
  expect(lengthOffences(sourcesIn('src', 'wasm', 'demo'), REASONS, TO_BE_CUT)).toEqual([]);
});

test('a long file is named', () => {
  const file = (name: string, lines: number) => ({ file: name, text: 'a\n'.repeat(lines) });
  const sources = [file('a.ts', 250), file('b.ts', 251), file('c.ts', 260), file('d.ts', 301), file('e.ts', 410)];
  expect(lengthOffences(sources, { 'c.ts': 'a table', 'a.ts': 'was long' }, { 'e.ts': 400, 'gone.ts': 320 })).toEqual([
    'b.ts has 251 lines; cut it, or give a reason in scripts/house/fileSize.test.ts',
    'd.ts has 301 lines; cut it in two, at 300 it ends',
    'e.ts grew from 400 to 410 lines; it is to be cut',
    'a.ts needs no line in scripts/house/fileSize.test.ts any more',
    'gone.ts needs no line in scripts/house/fileSize.test.ts any more',
  ]);
});
