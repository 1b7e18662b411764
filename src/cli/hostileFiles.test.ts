// Files of somebody who means harm: what they say steers no terminal, and what they name lies beside them.
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toBundle } from '../export/bundle.ts';
import { toTfjs } from '../export/tfjs.ts';
import { onnx, writeModel } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import type { Student } from '../student/student.ts';
import { pictures, runLine, stripes } from './commandCases.ts';
import { main } from './main.ts';
import { type Console, openConsole } from './openConsole.ts';
import { faultText, oneLine, printable } from './printable.ts';

let student: Student;
beforeAll(async () => {
  await tf.setBackend('cpu');
  student = await stripes();
});

/** Clears the screen, rings, goes to the line's begin, sets the title (also with one character), turns letters round. */
const EVIL = '\u001b[2J\u0007\r\u009d0;title\u009c\u202etxt.exe\u2028\u{e0041}\nwritten  all is well\u007f';
/** Nothing that a terminal obeys; the lines are for the caller to judge. */
const steers = (text: string) => /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u.test(text);

function evilModel(): Uint8Array {
  const tensorType = { elemType: 1, shape: { dim: [{ dimParam: `B${EVIL}` }, { dimValue: 3n }] } };
  return writeModel(
    onnx.model({
      irVersion: 8n,
      producerName: EVIL,
      producerVersion: EVIL,
      opsetImport: [
        { domain: '', version: 17n },
        { domain: EVIL, version: 1n },
      ],
      metadataProps: [{ key: EVIL, value: EVIL }],
      graph: onnx.graph({
        node: [
          onnx.node({ name: EVIL, opType: 'Relu', input: [`x${EVIL}`], output: [`y${EVIL}`] }),
          onnx.node({ name: EVIL, opType: EVIL, domain: EVIL, input: [`y${EVIL}`], output: [`z${EVIL}`] }),
        ],
        input: [{ name: `x${EVIL}`, type: { tensorType } }],
        output: [{ name: `z${EVIL}` }],
      }),
    }),
  );
}

describe('text of a model', () => {
  test('steers no terminal and makes no line of its own', async () => {
    const files = { 'evil.onnx': evilModel() };
    const shown = await runLine(['inspect', '--nodes', 'evil.onnx'], files);
    expect(shown.code).toBe(0);
    expect(steers(shown.out)).toBe(false);
    expect(shown.out).toContain(
      '\\u001b[2J\\u0007\\u000d\\u009d0;title\\u009c\\u202etxt.exe\\u2028\\udb40\\udc41\\u000awritten',
    );
    expect(shown.out).not.toMatch(/^\s*written/m);
  });

  test('means the same in JSON', async () => {
    const { out } = await runLine(['inspect', '--nodes', '--json', 'evil.onnx'], { 'evil.onnx': evilModel() });
    expect(steers(out)).toBe(false);
    expect(JSON.parse(out)).toMatchObject({ metadata: { [EVIL]: EVIL }, outputs: [{ name: `z${EVIL}` }] });
  });

  test('in a message about it is shown, not obeyed', async () => {
    const files = {
      'evil.onnx': evilModel(),
      'evil/model.json': new TextEncoder().encode(
        JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: [`../${EVIL}`], weights: [] }] }),
      ),
    };
    for (const line of [
      ['export', '-o', 'x.safetensors', 'evil.onnx'],
      ['export', '-o', 'x.onnx', 'evil/model.json'],
      ['inspect', '--input', `no${EVIL}=1`, 'evil.onnx'],
      ['quantize', '--to', 'float16', '-o', 'x', '--exclude', EVIL, 'evil.onnx'],
      ['run', '--input', 'p.npy', 'evil.onnx'],
    ]) {
      const { code, out, error } = await runLine(line, { ...files, 'p.npy': pictures(1) });
      // To make halves of it needs no understanding.
      expect([line, code]).toEqual([line, line[0] === 'quantize' ? 0 : expect.toSatisfy((one) => one > 0)]);
      expect([line, steers(out + error)]).toEqual([line, false]);
      expect(error).not.toMatch(/^written/m);
    }
  });

  test('in the labels and layers of a student likewise', async () => {
    const labels = [`a${EVIL}`, 'b', 'c'];
    const files = { 'evil.limbeck': await toBundle(student, { name: EVIL, labels, onnx: true }), 'p.npy': pictures(2) };
    for (const line of [
      ['inspect', '--nodes', 'evil.limbeck'],
      ['run', '--input', 'p.npy', 'evil.limbeck'],
    ]) {
      const { code, out, error } = await runLine(line, files);
      expect({ code, error }).toEqual({ code: 0, error: '' });
      expect(steers(out)).toBe(false);
      expect(out).not.toMatch(/^\s*written/m);
    }
  });

  test('that does no harm stays as it is', () => {
    const text = 'größer, 数字, עברית, 🙂, \\u001b, é';
    expect(oneLine(text)).toBe(text);
    expect(printable('a\nb')).toBe('a\nb');
    expect(faultText('a\nb\n')).toBe('a\n  b\n');
    expect(oneLine('\ud800x')).toBe('\\ud800x');
  });
});

describe('a model.json on disk', () => {
  let folder: string;
  let terminal: Console;
  beforeAll(async () => {
    terminal = await openConsole();
    folder = await mkdtemp(join(tmpdir(), 'limbeck-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Runs a command on the real files of this machine. */
  async function run(...args: string[]) {
    let [out, error] = ['', ''];
    const code = await main(args, {
      ...terminal,
      write: (text) => {
        out += text;
      },
      writeError: (text) => {
        error += text;
      },
      writeTitle: (text) => {
        out += `${text}
`;
      },
    });
    return { code, out, error };
  }

  /** A model whose weights are said to stand at a path; the real ones lie in secret.txt, above its folder. */
  async function lay(name: string, path: string): Promise<string> {
    const tfjs = await toTfjs(student);
    const model = JSON.parse(tfjs['model.json']) as { weightsManifest: [{ paths: string[] }] };
    model.weightsManifest[0].paths = [path];
    await mkdir(join(folder, name, 'sub'), { recursive: true });
    await writeFile(join(folder, name, 'model.json'), JSON.stringify(model));
    await writeFile(join(folder, 'secret.txt'), tfjs['weights.bin'] as Uint8Array);
    await writeFile(join(folder, name, 'sub', 'w.bin'), tfjs['weights.bin'] as Uint8Array);
    return join(folder, name);
  }

  test.each(['../secret.txt', './../secret.txt', 'sub/../../secret.txt', '..\\secret.txt', 'absolute'])(
    'that names %s gets nothing of it into its output',
    async (path) => {
      const model = await lay('outside', path === 'absolute' ? join(folder, 'secret.txt') : path);
      for (const command of [
        ['export', '-o', join(model, 'out.safetensors')],
        ['inspect'],
        ['run', '--input', join(model, 'p.npy')],
      ]) {
        const { code, out, error } = await run(...command, join(model, 'model.json'));
        expect({ code, out }).toEqual({ code: 1, out: '' });
        expect(error).toMatch(/must be the path of a file in its folder/);
      }
      await expect(readFile(join(model, 'out.safetensors'))).rejects.toThrow(/ENOENT/);
    },
  );

  test('finds no way out over a link, of a file or of a folder', async () => {
    const model = await lay('linked', 'w.bin');
    await symlink('../secret.txt', join(model, 'w.bin'));
    const deep = await lay('deep', 'up/secret.txt');
    await symlink('..', join(deep, 'up'));
    for (const one of [model, deep]) {
      const { code, error } = await run('export', '-o', join(one, 'out.onnx'), join(one, 'model.json'));
      expect(code).toBe(1);
      expect(error).toMatch(/leads out of its folder/);
      await expect(readFile(join(one, 'out.onnx'))).rejects.toThrow(/ENOENT/);
    }
  });

  test('reads weights below its folder, over links that stay there, and where it is a link itself', async () => {
    const plain = await lay('plain', 'sub/w.bin');
    const inside = await lay('inside', 'w.bin');
    await symlink('sub/w.bin', join(inside, 'w.bin'));
    // As a cache of downloads lays it: a folder of links to one folder of files.
    const kept = await lay('kept', 'w.bin');
    await mkdir(join(folder, 'shown'));
    await symlink(join(kept, 'model.json'), join(folder, 'shown', 'model.json'));
    await symlink(join(kept, 'sub', 'w.bin'), join(folder, 'shown', 'w.bin'));
    for (const one of [plain, inside, join(folder, 'shown')]) {
      const { code, error } = await run('export', '-o', join(one, 'out.onnx'), join(one, 'model.json'));
      expect({ code, error }).toEqual({ code: 0, error: '' });
    }
  });
});
