import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { VERSIONS } from '../core/versions.ts';
import { toBundle } from '../export/bundle.ts';
import * as tf from '../runtime/tf.ts';
import { runLine, stripes } from './commandCases.ts';
import { COMMANDS } from './commands.ts';
import { lines } from './progress.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

test('--version tells the version alone', async () => {
  for (const flag of ['--version', '-V']) {
    expect(await runLine([flag])).toMatchObject({ code: 0, out: `${VERSIONS.limbeck}\n`, error: '' });
  }
});

test('the list of commands fits a terminal and has each command once', async () => {
  const { code, out } = await runLine(['--help']);
  expect(code).toBe(0);
  for (const { name } of COMMANDS) expect(out.match(new RegExp(`^  limbeck ${name}\\b`, 'gm'))).toHaveLength(1);
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
});

describe.each(COMMANDS.map(({ name, options }) => [name, options] as const))('limbeck %s', (name, options) => {
  test('--help tells every option and every exit code', async () => {
    const { code, out, error } = await runLine([name, '--help']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    for (const option of [...Object.keys(options), 'json', 'help']) {
      expect(out).toMatch(new RegExp(`^  (-\\w, )?--${option}( |$)`, 'm'));
    }
    expect(out.replaceAll(/\s+/g, ' ')).toMatch(
      /Ends with 0; with 1 .*; with 2 where the command line is wrong; with 130/,
    );
    expect(await runLine(['help', name])).toMatchObject({ code: 0, out });
  });

  test('an unknown option ends with 2, and with --json says so in JSON', async () => {
    const { code, out, error } = await runLine([name, '--colour', '--json']);
    expect(code).toBe(2);
    expect(error).toContain(`limbeck ${name} --help lists the options.`);
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'invalid-option', message: expect.stringContaining('--colour') },
    });
  });
});

test('a wrong name of a command gets the nearest one', async () => {
  const { code, error } = await runLine(['instpect']);
  expect(code).toBe(2);
  expect(error).toMatch(/^There is no command "instpect"\. Did you mean "inspect"\?/);
  expect((await runLine(['nosuch'])).error).toMatch(/^There is no command "nosuch"\.\n/);
});

test.each([
  [['bench', '--budgte', '60s', 'x.onnx'], 'There is no option --budgte. Did you mean --budget?'],
  [['inspect', '--zzz', 'x.onnx'], 'There is no option --zzz.\n'],
  [['inspect', '-q', 'x.onnx'], 'There is no option -q.\n'],
  [['bench', '--backends', 'onnxruntime-wsam:2'], 'Did you mean "onnxruntime-wasm"?'],
  [['quantize', '--to', 'static-itn8', 'x.onnx'], 'Did you mean "static-int8"?'],
])('%j gets the name that is near, or none', async (line, words) => {
  const { code, error } = await runLine(line);
  expect(code).toBe(2);
  expect(error).toContain(words);
});

test('messages of the API name the options of the command', async () => {
  const files = { 's.limbeck': await toBundle(await stripes(), { labels: ['a', 'b', 'c'] }) };
  const { code, error } = await runLine(['export', '--opset', '99', '-o', 'x.onnx', 's.limbeck'], files);
  expect(code).toBe(2);
  expect(error).toMatch(/--opset/);
  expect(error).not.toMatch(/"opset"/);
});

test('export as JSON says what was written, also by the short name of --output', async () => {
  const files = { 's.limbeck': await toBundle(await stripes()) };
  for (const output of [['--out', 'a/x.onnx'], ['--out=a/x.onnx'], ['-o', 'a/x.onnx']]) {
    const { code, out } = await runLine(['export', '--json', ...output, 's.limbeck'], files);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ to: 'onnx', written: [{ path: 'a/x.onnx', bytes: expect.any(Number) }] });
  }
});

describe('completion', () => {
  const hasBash = (() => {
    try {
      return execFileSync('bash', ['-c', 'echo yes'], { encoding: 'utf8' }) === 'yes\n';
    } catch {
      return false;
    }
  })();

  test.runIf(hasBash)('bash completes commands, options, choices and shells', async () => {
    const { out } = await runLine(['completion', 'bash']);
    const complete = (...words: readonly string[]) => {
      const script = `${out}\nCOMP_WORDS=(limbeck ${words.map((word) => `'${word}'`).join(' ')})\nCOMP_CWORD=${words.length}\n_limbeck\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
        .split('\n')
        .filter((one) => one !== '');
    };
    expect(complete('ex')).toEqual(['export']);
    expect(complete('')).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)));
    expect(complete('export', '--op')).toEqual(['--opset']);
    expect(complete('export', '--to', '')).toEqual(['onnx', 'tfjs', 'safetensors', 'bundle']);
    expect(complete('completion', 'z')).toEqual(['zsh']);
    expect(complete('run', 'mod')).toEqual([]);
  });

  test('zsh runs the same function, fish has a line for each option', async () => {
    expect((await runLine(['completion', 'zsh'])).out).toMatch(/bashcompinit[\s\S]*complete .* -F _limbeck limbeck/);
    const { out } = await runLine(['completion', 'fish']);
    for (const { name, options } of COMMANDS) {
      for (const option of Object.keys(options)) {
        expect(out).toContain(`'__fish_seen_subcommand_from ${name}' -l ${option}`);
      }
    }
    expect((out.match(/(?<!\\)'/g) ?? []).length % 2).toBe(0);
  });

  test('names a shell, or lists everything as JSON', async () => {
    expect(await runLine(['completion', 'tcsh'])).toMatchObject({ code: 2, out: '' });
    const listed = JSON.parse((await runLine(['completion', '--json'])).out);
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(COMMANDS.map(({ name }) => name));
  });
});

test('progress without a terminal is a line at the start, now and then, and at the end of a stage', () => {
  let [text, now] = ['', 0];
  const progress = lines(
    (one) => {
      text += one;
    },
    () => now,
  );
  for (const done of [1, 2, 3]) progress.set('read', done, 4, `${done}`);
  now = 6000;
  progress.set('read', 3, 4, 'late');
  progress.set('read', 4, 4, 'end');
  progress.set('read', 4, 4, 'again');
  expect(text).toBe('read       25 %  1\nread       75 %  late\nread      100 %  end\n');
});
