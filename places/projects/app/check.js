// What a page of each place does: ask an ONNX teacher, distil a student from it in a worker, load the student with limbeck/run,
// and the same on this thread. Tells what came out, or throws.

const FEATURES = 7;
const EXAMPLES = 256;

const noise = (seed) => (_, i) => {
  const x = Math.sin((i + 1) * 12.9898 + seed) * 43758.5453;
  return 4 * (x - Math.floor(x)) - 2;
};
const examples = (seed) => ({
  data: Float32Array.from({ length: EXAMPLES * FEATURES }, noise(seed)),
  shape: [EXAMPLES, FEATURES],
});

function classesOf({ data, shape: [rows, classes] }) {
  return Array.from({ length: rows }, (_, row) => {
    const one = data.subarray(row * classes, (row + 1) * classes);
    return one.indexOf(Math.max(...one));
  });
}

const shareAlike = (one, other) => one.filter((value, i) => value === other[i]).length / one.length;

function need(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

/** Distils and loads again; `worker` goes to every verb, undefined leaves limbeck's own. */
async function learn({ limbeck, run, hasTfjs }, teacherUrl, epochs, worker) {
  const { distill, fromArrays, loadTeacher, mlp, openTrainer, toBundle, toOnnx } = limbeck;
  const here = worker && { worker };
  const teacher = await loadTeacher(teacherUrl, { given: 'logits', device: 'wasm', ...here }).done;
  const trainer = await openTrainer({ ...here });
  const student = mlp({ inputShape: [FEATURES], classes: 4, hidden: [32] });
  const data = fromArrays({ x: examples(0) });
  const optimizer = { learningRate: 0.01 };
  const { report } = await distill({ teacher, student, data, epochs, batchSize: 16, seed: 1, trainer, optimizer }).done;
  // A bundle is packed with tfjs, on this thread.
  const packed = hasTfjs ? await toBundle(student, { onnx: true }) : await toOnnx(student);
  const loaded = await run.loadStudent(packed, { labels: ['a', 'b', 'c', 'd'], ...here });

  const x = examples(1);
  const [said] = Object.values(await teacher.ask({ x }));
  const [taught] = Object.values(await trainer.predict(student, { x }));
  const { outputs, labels } = await loaded.predict({ x });
  const largestGap = Math.max(...taught.data.map((value, i) => Math.abs(value - outputs.logits.data[i])));
  need(largestGap < 1e-3, `limbeck/run answers otherwise than the student did where it learned, by ${largestGap}`);
  need(labels.length === EXAMPLES, 'limbeck/run gave no labels');
  for (const one of [loaded, trainer, teacher]) await one[Symbol.asyncDispose]();
  const engines = hasTfjs ? ['onnxruntime', 'tfjs'] : ['onnxruntime'];
  if (worker === undefined && 'SharedWorker' in globalThis) {
    for (const engine of engines) await share({ run }, packed, { engine, x, answer: outputs.logits.data });
  }
  return {
    agreement: shareAlike(classesOf(said), classesOf(taught)),
    threads: {
      teacher: teacher.description.threads,
      trainer: trainer.description.threads,
      run: loaded.description.threads,
    },
    hasKernels: trainer.description.hasKernels,
    notices: trainer.description.notices,
    versions: report.reproducibleWith.versions,
  };
}

/** Two handles on one student that tabs share: both answer as a worker of its own did. */
async function share({ run }, packed, { engine, x, answer }) {
  const load = () => run.loadStudent(packed, { engine, worker: 'shared' });
  const both = [await load(), await load()];
  for (const one of both) {
    const { isShared, notices } = one.description;
    need(isShared, `worker: 'shared' shares nothing with ${engine}: ${notices.join(' ')}`);
    const { outputs } = await one.predict({ x });
    const gap = Math.max(...answer.map((value, i) => Math.abs(value - outputs.logits.data[i])));
    need(gap < 1e-3, `a shared student answers otherwise with ${engine}, by ${gap}`);
  }
  for (const one of both) await one[Symbol.asyncDispose]();
}

/**
 * The whole check, with the package's entries as the place imports them; without `tfjs` nothing runs on this thread.
 * `teacherUrl`: the ONNX file that places/run.mjs serves.
 */
export async function check({ limbeck, run, tfjs }, teacherUrl = new URL('/teacher.onnx', location.href).href) {
  const inWorker = await learn({ limbeck, run, hasTfjs: tfjs !== undefined }, teacherUrl, 20);
  need(inWorker.agreement > 0.8, `the student agrees with its teacher on ${inWorker.agreement} of the examples only`);
  need(inWorker.hasKernels, 'the trainer has no kernels of its own');
  if (tfjs !== undefined) {
    await learn({ limbeck, run, hasTfjs: true }, teacherUrl, 2, 'none');
    const { openBackend, tf } = tfjs;
    await openBackend({ threads: 1 });
    const sum = tf.tidy(() =>
      tf
        .matMul(tf.ones([2, 3]), tf.ones([3, 2]))
        .sum()
        .arraySync(),
    );
    need(sum === 12, `limbeck/tfjs computed ${sum} for 12`);
  }
  return { isIsolated: globalThis.crossOriginIsolated, tfjs: tfjs?.tf.version_core, ...inWorker };
}

/** Starts the check and leaves what comes of it where places/context.mjs looks for it. */
export function report(checking) {
  globalThis.limbeckPlace = checking.then(
    (result) => ({ result }),
    (error) => ({ error: { name: error.name, code: error.code, message: error.message } }),
  );
}
