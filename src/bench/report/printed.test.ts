import { describe, expect, test } from 'vitest';
import { readCsv } from '../../data/csv.ts';
import { report, row, skippedRow } from '../cases/reportCases.ts';
import { toCsv } from './toCsv.ts';
import { toMarkdown } from './toMarkdown.ts';

const EVIL = '=1+1|<b>\n# [x](javascript:alert(1)) `"a,b"\u202e';

describe('a report as Markdown', () => {
  const text = toMarkdown(
    report(
      [
        row({ notices: ['It slowed down.'] }),
        skippedRow({ backend: 'onnxruntime-webgpu' }),
        row({ workload: 'train-step' }),
      ],
      {
        recommendation: { mlp: 'kernels, 1 thread' },
      },
    ),
  );
  test('has where it was measured, what to take, and a table for each workload', () => {
    expect(text.split('\n').filter((line) => line.startsWith('#'))).toEqual([
      '# Benchmark of Chromium 156',
      '## What to take',
      '## Inference',
      '## A training step',
    ]);
    expect(text).toContain('- **mlp**: kernels, 1 thread');
    expect(text).toContain(
      '| mlp | kernels | 1 | 1 | 2 ms | 1.98 ms to 2.02 ms | 2.4 ms | 3 ms | 2 % | 500 | 200 | – | It slowed down. |',
    );
    expect(text).toContain('| mlp | onnxruntime on WebGPU | 1 | 1 | – |');
    expect(text).toContain('This browser offers no WebGPU here.');
  });

  test('lets no text of a report be more than text', () => {
    const hostile = toMarkdown(report([row({ model: EVIL, notices: [EVIL] })], { recommendation: { [EVIL]: EVIL } }));
    expect(hostile.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(3);
    expect(hostile).not.toContain('\u202e');
    expect(hostile).toContain('=1+1\\|\\<b\\> \\# \\[x\\](javascript:alert(1)) \\`"a,b" ');
    const table = hostile.split('\n').filter((line) => line.startsWith('| '));
    expect(new Set(table.map((line) => line.split(/(?<!\\)\|/).length))).toEqual(new Set([15]));
  });
});

describe('a report as CSV', () => {
  test('is read back as it was, with empty cells for what is unknown', () => {
    const text = toCsv(report([row({ model: 'a "b", c\nd' }), skippedRow()]));
    const { columns, rows } = readCsv(text);
    expect(columns.slice(0, 7)).toEqual(['workload', 'model', 'backend', 'threads', 'simdLevel', 'batch', 'medianMs']);
    expect(rows[0]?.slice(0, 7)).toEqual(['inference', 'a "b", c\nd', 'kernels', '1', '', '1', '2']);
    expect(rows[1]?.[6]).toBe('');
    expect(text.endsWith('\r\n')).toBe(true);
  });

  test('begins no cell with a formula', () => {
    expect(toCsv(report([row({ model: EVIL })]))).toContain('"\'=1+1|');
  });
});
