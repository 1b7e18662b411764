// Has onnx's checker, its shape inference and Python's onnxruntime judge what the exporter writes for every layer and
// every student of the zoo. The result is src/export/golden/exportedLayers.json, which the test of that name reads.
//   node scripts/golden/exportedLayers.mjs
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'exported-layers-'));

function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, ...env },
  });
  if (result.status === 0) return result.stdout;
  throw new Error(`${command} ${args.join(' ')} failed:\n${result.stdout.slice(-4000)}\n${result.stderr.slice(-4000)}`);
}

try {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  run(process.execPath, [vitest, 'run', 'src/export/exportedLayers.test.ts'], { LIMBECK_EXPORTED: folder });
  const judged = run('/usr/bin/python3', [join(root, 'scripts/golden/exportedLayers.py'), folder]);
  mkdirSync(join(root, 'src/export/golden'), { recursive: true });
  writeFileSync(join(root, 'src/export/golden/exportedLayers.json'), judged);
} finally {
  rmSync(folder, { recursive: true });
}
