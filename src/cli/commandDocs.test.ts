// Runs every command line of docs/guide/command.md, in its order, on files of its own.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { benchHere } from '../bench/benchCases.ts';
import { writeNpy } from '../data/npy.ts';
import { builtAssets } from '../runtime/cases/assetCases.ts';
import { ASSET_FILES } from './assetsCommand.ts';
import { type Files, runLine } from './commandCases.ts';
import { COMMANDS } from './commands.ts';
import { brightSides, sidesTeacher } from './learnCases.ts';

benchHere();

const guide = readFileSync(new URL('../../docs/guide/command.md', import.meta.url), 'utf8');
const commandLines = [...guide.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
  .flatMap(([, block = '']) => block.trim().split('\n'))
  .map((line) => line.replace(/^npx limbeck /, ''));

/** Its words as a shell splits them: quotes are single, and hold no others. */
const wordsOf = (line: string) =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end('<!doctype html>');
});
afterAll(() => void server.close());

test('every example of the guide works, and every command has one', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const examples = Float32Array.from({ length: 2000 }, (_, i) => Math.sin(i) ** 2);
  const files: Files = {
    'teacher.onnx': sidesTeacher(),
    'examples.npy': writeNpy({ data: examples, shape: [20, 10, 10, 1] }),
    'package.json': new TextEncoder().encode('{}'),
    // The package's own, which need not be built yet.
    ...Object.fromEntries(ASSET_FILES.map((name) => [fileURLToPath(new URL(name, builtAssets())), new Uint8Array(1)])),
    ...brightSides('photos', 60),
    ...brightSides('mine', 30, ['left', 'top', 'corner']),
  };
  const run = new Set<string>();
  for (const line of commandLines) {
    const args = wordsOf(line).map((word) => word.replace('localhost:5173', `127.0.0.1:${port}`).replace(/^5s$/, '2s'));
    const [name = ''] = args;
    // A demo runs until it is interrupted; its page is there once everything is built (e2e/command.spec.ts).
    if (name === 'demo') expect(args).toEqual(['demo']);
    else {
      const browser = name === 'doctor' && !args.includes('.') ? ['--no-browser'] : [];
      const { code, error } = await runLine([...args, ...browser], files, { assetBase: builtAssets() });
      expect(code, `limbeck ${line}\n${error}`).toBe(0);
    }
    run.add(name);
  }
  expect([...run]).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)));
});

test('the guide has a line for every command, and the other guides run none that is not there', () => {
  const rows = [...guide.matchAll(/^\| \[`(\w+)`\]/gm)].map(([, name]) => name);
  expect(rows.toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted());
});
