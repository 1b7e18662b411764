import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { benchHere, living } from '../bench/benchCases.ts';
import { report, row, skippedRow } from '../bench/cases/reportCases.ts';
import type { BenchReport } from '../bench/report.ts';
import { type Files, runLine } from './commandCases.ts';

benchHere();

const text = (given: BenchReport) => new TextEncoder().encode(JSON.stringify(given));
const base = report([row(), row({ threads: 2 }), row({ model: 'cnn', ms: 5 })]);
const slower = report([row(), row({ threads: 2, ms: 4 }), row({ model: 'cnn', ms: 5 })]);
const files = (): Files => ({ 'a.json': text(base), 'b.json': text(slower) });

describe('limbeck bench --compare', () => {
  test('says in a table and a sentence what differs', async () => {
    const { code, out, error } = await runLine(['bench', '--compare', 'a.json', 'b.json'], files());
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/^inference +mlp +kernels +2 +1 +2 +1\.9 to 2\.11 +slower$/m);
    expect(out.trimEnd().split('\n').at(-1)).toMatch(
      /^Different: of 3 rows 1 slower; most of all inference of mlp on kernels, 2 threads: 2 times as long/,
    );
  });

  test('ends with 1 where a row is slower by more than it may be', async () => {
    const ends = async (...args: string[]) => (await runLine(['bench', '--compare', ...args], files())).code;
    expect(await ends('a.json', 'b.json', '--fail-if-slower', '5%')).toBe(1);
    expect(await ends('a.json', 'b.json', '--fail-if-slower', '150%')).toBe(0);
    expect(await ends('b.json', 'a.json', '--fail-if-slower', '0.05')).toBe(0);
    expect(await ends('a.json', 'a.json', '--fail-if-slower', '5%')).toBe(0);
  });

  test('writes JSON', async () => {
    const { out, code } = await runLine(
      ['bench', '--json', '--compare', 'a.json', 'b.json', '--fail-if-slower', '5%'],
      files(),
    );
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      verdict: 'different',
      regressions: [{ model: 'mlp', threads: 2, verdict: 'slower' }],
    });
  });

  test('names a file that is no report, and lets none write to the terminal', async () => {
    const evil = 'x\u001b[2J\nok';
    const hostile = {
      'evil.json': text(report([row({ model: evil }), skippedRow({ model: 'gpu', skipped: evil })])),
      'bad.json': new TextEncoder().encode('{"format":"limbeck-bench","version":9}'),
    };
    const { out } = await runLine(['bench', '--compare', 'evil.json', 'evil.json'], hostile);
    expect(out).toContain('x\\u001b[2J\\u000aok');
    expect(out).not.toContain('\u001b');
    const { code, error } = await runLine(['bench', '--compare', 'evil.json', 'bad.json'], hostile);
    expect(code).toBe(1);
    expect(error).toContain('bad.json: This is no report of a benchmark: version is 9');
    expect(error).toContain('#report-invalid');
  });
});

describe('limbeck bench in Node', () => {
  const model = readFileSync(new URL('../student/golden/fromOnnx/mlp.onnx', import.meta.url));
  const backends = ['--backends', 'kernels:1:simd,onnxruntime-wasm:1'];

  test('measures a model, writes its report in three forms, and compares it with an old one', async () => {
    const given: Files = { 'mlp.onnx': new Uint8Array(model) };
    const args = ['bench', 'mlp.onnx', '--budget', '8s', '--rounds', '2', ...backends];
    const { code, out, error, written } = await runLine(
      [...args, '--json', 'out.json', '--markdown', 'out.md', '--csv', 'out.csv'],
      given,
    );
    expect({ code, error }).toEqual({
      code: 0,
      error: expect.stringContaining('inference of mlp on kernels without relaxed SIMD'),
    });
    expect(written).toEqual(['out.json', 'out.md', 'out.csv']);
    const made = JSON.parse(new TextDecoder().decode(given['out.json'])) as BenchReport;
    expect(made.rows).toMatchObject([
      { model: 'mlp', backend: 'kernels', isRight: true },
      { model: 'mlp', backend: 'onnxruntime-wasm', isRight: true },
    ]);
    expect(made.recommendation['mlp']).toMatch(/^(kernels|onnxruntime)/);
    expect(out).toContain(`mlp: ${made.recommendation['mlp']}`);
    expect(new TextDecoder().decode(given['out.md'])).toContain('## Inference');
    expect(living()).toBe(0);
    // The same report as its own base: what was measured now is slower or not, as the machine pleases.
    const again = await runLine([...args, '--than', 'out.json', '--json'], given);
    expect(JSON.parse(again.out)).toMatchObject({ isSameDevice: true, rows: [{ model: 'mlp' }, { model: 'mlp' }] });
  });
});

describe('limbeck bench refuses', () => {
  test.each<[string, string[], string]>([
    ['two models', ['a.onnx', 'b.onnx'], '2 files were given'],
    ['a shape without a model', ['--input', 'x=3'], 'give the model too'],
    ['one report', ['--compare', 'a.json'], '--compare takes two reports'],
    ['a limit without a base', ['m.onnx', '--fail-if-slower', '5%'], '--than BASE.json'],
    ['a limit that is none', ['--compare', 'a.json', 'b.json', '--fail-if-slower', 'much'], 'a fraction such as 5%'],
    ['an unknown browser', ['m.onnx', '--browser', 'lynx'], 'it takes node, chromium, firefox, webkit'],
    ['a browser twice', ['m.onnx', '--browser', 'node,node'], '"node" twice'],
    ['a base for several', ['m.onnx', '--browser', 'node,chromium', '--than', 'a.json'], '--than takes one browser'],
    ['a time without a unit', ['m.onnx', '--budget', '60'], 'a time such as 60s'],
    ['an unknown backend', ['m.onnx', '--backends', 'cuda'], '--backends names "cuda"'],
    ['an unknown workload', ['m.onnx', '--workloads', 'sleep'], '--workloads was sleep'],
    ['half a round', ['m.onnx', '--rounds', '0.5'], 'whole number'],
    ['half an example', ['m.onnx', '--batches', '1.5'], 'whole number'],
  ])('%s', async (_, args, says) => {
    const { code, error } = await runLine(['bench', ...args], { ...files(), 'm.onnx': Uint8Array.of(1) });
    expect(error).toContain(says);
    expect(code).toBe(2);
  });
});
