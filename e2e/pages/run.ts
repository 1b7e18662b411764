import { type EngineName, type LoadStudentOptions, loadStudent, openStore } from 'limbeck/run';

const input = { data: Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)), shape: [4, 6] };

/** Loads the student at the address, asks it, and tells what it said and cost. */
export async function ask(address: string, options: LoadStudentOptions = {}) {
  await using student = await loadStudent(address, options);
  const { outputs, labels, probabilities } = await student.predict(input);
  const several = await Promise.all([0, 1, 2].map(() => student.predict(input)));
  return {
    description: student.description,
    logits: Array.from(outputs['logits']?.data ?? []),
    labels,
    probabilities: Array.from(probabilities?.data ?? []),
    isSteady: several.every((one) => String(one.outputs['logits']?.data) === String(outputs['logits']?.data)),
  };
}

/** Loads, tells when it may be cut off from the network, and asks then. */
export async function askOffline(address: string, cutOff: () => Promise<void>) {
  await using student = await loadStudent(address, { engine: 'onnxruntime' });
  await cutOff();
  const { outputs } = await student.predict(input);
  return Array.from(outputs['logits']?.data ?? []);
}

/** With the worker of the other engine; tells the error. */
export async function askOtherWorker(address: string, engine: EngineName) {
  const worker = () => new Worker(engine === 'tfjs' ? '/runWorker.js' : '/worker.js', { type: 'module' });
  return loadStudent(address, { engine, worker }).then(
    () => ({ name: 'no error' }),
    ({ name, code, message }: Error & { code?: string }) => ({ name, code, message }),
  );
}

/** The worker is gone while the student is asked. */
export async function loseWorker(address: string, engine: EngineName) {
  let worker: Worker | undefined;
  const make = () => {
    worker = new Worker(engine === 'tfjs' ? '/worker.js' : '/runWorker.js', { type: 'module' });
    return worker;
  };
  await using student = await loadStudent(address, { engine, worker: make });
  worker?.terminate();
  try {
    await student.predict(input);
    return 'it answered';
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

/** Loads a student through a store that lasts; tells what it turned out to be. */
export async function keep(address: string) {
  await using store = await openStore('students', { kind: 'opfs' });
  await using student = await loadStudent(address, { cache: store });
  return student.description;
}

/** How many entries a download that has not ended has in the store. */
export async function parts() {
  await using store = await openStore('students', { kind: 'opfs' });
  return (await store.keys('models/parts/')).length;
}
