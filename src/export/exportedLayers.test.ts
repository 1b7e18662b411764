import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { sha256 } from '../core/hash.ts';
import type { NdArray } from '../core/shape.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import { EXPORTED_CASES, predicted, seededInputs, steadyArtifacts } from './exportedCases.ts';

/** What onnx's checker and Python's onnxruntime said of each file, by the hash of its bytes. */
interface Verdicts {
  readonly onnx: string;
  readonly onnxruntime: string;
  readonly cases: Readonly<Record<string, { hash: string; checker: string; maxDifference: number }>>;
}

const COMMAND = 'node scripts/golden/exportedLayers.mjs';
const OPSETS = [13, 17, 21] as const;
/** Where the command wants the files; the tests then compare nothing. */
const folder = process.env['LIMBECK_EXPORTED'];
const golden = fileURLToPath(new URL('golden/exportedLayers.json', import.meta.url));
const verdicts = folder === undefined ? (JSON.parse(readFileSync(golden, 'utf8')) as Verdicts) : undefined;

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

test.each(EXPORTED_CASES)('$name is the file that Python has judged', async ({ name, inputs, build }) => {
  const model = await build(tf);
  const artifacts = await steadyArtifacts(model);
  for (const opset of OPSETS) {
    const bytes = artifactsToOnnx(artifacts, { opset });
    const key = `${name} @${opset}`;
    const hash = (await sha256(bytes)).slice(0, 32);
    if (folder !== undefined) {
      const given = seededInputs(inputs, 2);
      store(folder, { key, hash, bytes, given, wanted: await predicted(tf, model, given) });
      continue;
    }
    const found = verdicts?.cases[key];
    expect(found?.hash, `The file of "${key}" is not the one that was judged. Run \`${COMMAND}\`.`).toBe(hash);
    expect(found?.checker).toBe('ok');
    expect(found?.maxDifference).toBeLessThan(1e-4);
  }
  model.dispose();
});

test('no judged file is missing', () => {
  const names = EXPORTED_CASES.flatMap(({ name }) => OPSETS.map((opset) => `${name} @${opset}`));
  expect(new Set(names).size).toBe(names.length);
  if (verdicts !== undefined) expect(Object.keys(verdicts.cases).sort(), COMMAND).toEqual(names.sort());
});

interface Stored {
  readonly key: string;
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly given: readonly NdArray[];
  readonly wanted: readonly NdArray[];
}

/** One file of ONNX and one of everything else, named by the hash. */
function store(to: string, { key, hash, bytes, given, wanted }: Stored): void {
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, `${hash}-${key.slice(-2)}.onnx`), bytes);
  const plain = (arrays: readonly NdArray[]) =>
    arrays.map(({ data, shape }) => ({
      shape,
      type: data instanceof Int32Array ? 'int32' : 'float32',
      data: [...data],
    }));
  const file = `${hash}-${key.slice(-2)}`;
  writeFileSync(
    join(to, `${encodeURIComponent(key)}.json`),
    JSON.stringify({ key, hash, file, given: plain(given), wanted: plain(wanted) }),
  );
}
