// The built package in a process of its own, as a program of Node uses it.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const dist = new URL('../../dist/', import.meta.url);
const teacher = fileURLToPath(new URL('../student/golden/fromOnnx/mlp.onnx', import.meta.url));

/** Runs a program with the package as `limbeck`; gives what it printed. Fails where it does not end by itself with 0. */
async function runProgram(text: string): Promise<string[]> {
  expect(existsSync(new URL('nodeWorker.js', dist)), 'dist/ is not built: npm run build').toBe(true);
  const before = `import * as limbeck from '${dist.href}index.js'; const teacherFile = ${JSON.stringify(teacher)};`;
  const args = ['--input-type=module', '--eval', `${before}\n${text}`];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 });
  return stdout.trim().split('\n');
}

test('a program of Node distils by default in a thread, leaves nothing among the globals, and ends though it disposes nothing', async () => {
  const said = await runProgram(`
    const before = new Set(Object.getOwnPropertyNames(globalThis));
    const { distill, fromArrays, inspectTeacher, loadStudent, loadTeacher, mlp, ndArray, toBundle } = limbeck;
    const teacher = await loadTeacher(teacherFile, { device: 'wasm', given: 'logits' }).done;
    const values = Float32Array.from({ length: 64 * 7 }, (_, i) => 2 * Math.sin(i * i));
    const data = fromArrays({ x: ndArray(values, [64, 7]) });
    await inspectTeacher(teacher, data).done;
    const student = mlp({ inputShape: [7], classes: 4, hidden: [8] });
    const { report } = await distill({ teacher, student, data, epochs: 2 }).done;
    const loaded = await loadStudent(await toBundle(student), { engine: 'tfjs' });
    const { outputs } = await loaded.predict({ x: ndArray(values.slice(0, 14), [2, 7]) });
    console.log(teacher.description.device, report.backend.backend, outputs.logits.shape.join());
    const left = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
    // What tfjs keeps there is tfjs's own.
    console.log(left.filter((name) => !name.startsWith('_tf')).join() || 'no globals');
  `);
  expect(said).toEqual(['wasm wasm 2,4', 'no globals']);
});

test('what cannot be is told by an error with a code', async () => {
  const said = await runProgram(`
    const code = (promise) => promise.then(() => 'none', (error) => error.code);
    console.log(await code(limbeck.loadTeacher('nowhere.onnx').done));
    console.log(await code(limbeck.loadTeacher(teacherFile, { worker: () => { throw new Error('no'); } }).done));
    console.log(await code(limbeck.openStore('a', { kind: 'opfs' })));
  `);
  expect(said).toEqual(['model-unreachable', 'worker-unreachable', 'store-unavailable']);
});

test('a student for all tabs has a thread of its own, and says so', async () => {
  const said = await runProgram(`
    const { isShared, notices } = (await limbeck.loadStudent(teacherFile, { worker: 'shared' })).description;
    console.log(isShared, notices.join(' '));
  `);
  expect(said).toEqual([expect.stringMatching(/^false .*has a worker of its own.* starts no SharedWorker/)]);
});
