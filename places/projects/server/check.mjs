// Every verb where there is no page: Node, Bun, Deno. Prints what came out as its last line, and ends by itself.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import * as limbeck from 'limbeck';
import * as run from 'limbeck/run';
import * as tfjs from 'limbeck/tfjs';
import { check } from './check.js';

const FEATURES = 7;
const before = new Set(Object.getOwnPropertyNames(globalThis));
// The one path; addresses of files do as well.
const { isIsolated, ...result } = await check({ limbeck, run, tfjs }, 'teacher.onnx');

const { cnn, distill, fromArrays, fromOnnx, inspectTeacher, loadTeacher, mlp, ndArray } = limbeck;
const { openProfile, openStore, personalize } = limbeck;
const { loadStudent, releaseTrainer, toBundle, toOnnx } = { ...limbeck, ...run };
const values = Float32Array.from({ length: 60 * FEATURES }, (_, i) => 2 * Math.sin(i * i));
const x = ndArray(values, [60, FEATURES]);
const labels = Array.from({ length: 60 }, (_, i) => (values[FEATURES * i] > 0 ? 1 : 0));

function need(condition, sentence) {
  if (!condition) throw new Error(sentence);
}
const codeOf = (promise) =>
  promise.then(
    () => 'nothing was thrown',
    ({ code, message }) => `${code}: ${message}`,
  );

const address = pathToFileURL('teacher.onnx');
const kernels = await loadTeacher(address, { device: 'kernels', given: 'logits' }).done;
need(kernels.description.device === 'kernels', `the kernels were asked for, not ${kernels.description.device}`);
const findings = await inspectTeacher(kernels, fromArrays({ x })).done;
need(findings !== undefined, 'inspectTeacher found nothing');
// By default: the process's own trainer, in a thread.
const base = mlp({ inputShape: [FEATURES], classes: 4, hidden: [8] });
await distill({ teacher: kernels, student: base, data: fromArrays({ x }), epochs: 2 }).done;
await kernels[Symbol.asyncDispose]();

const imported = await fromOnnx(await readFile(address));
await writeFile('student.onnx', await toOnnx(imported));
const student = await loadStudent('student.onnx');
const { outputs } = await student.predict({ x });
need(Object.values(outputs)[0].shape[0] === 60, 'a student from the disk did not answer');
await student[Symbol.asyncDispose]();

need(cnn({ inputShape: [12, 12, 1], classes: 2 }) !== undefined, 'no cnn');
const patch = await personalize({ student: base, data: fromArrays({ x }, labels) }).done;
need(patch !== undefined, 'personalize gave no patch');

const profileOf = async () =>
  openProfile(await openStore('person', { folder: 'profiles' }), base, { labels: ['a', 'b', 'c', 'd'] });
const first = await profileOf();
await first.observe(ndArray(values.slice(0, FEATURES), [FEATURES]), 'b');
await first[Symbol.asyncDispose]();
const again = await profileOf();
need((await again.examples()).length === 1, 'what was stored on the disk is gone');
await again[Symbol.asyncDispose]();
await rm('profiles', { recursive: true });

const missing = await codeOf(loadTeacher('nowhere.onnx').done);
need(/^model-unreachable: .*nowhere\.onnx.*working directory/s.test(missing), `a missing file: ${missing}`);
await toBundle(base);
await releaseTrainer();
const left = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name) && !name.startsWith('_tf'));
// What tfjs keeps between its copies is its own.
need(left.length === 0, `globals were left behind: ${left}`);
console.log(JSON.stringify(result));
