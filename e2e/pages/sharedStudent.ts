import { type LoadedStudent, type LoadStudentOptions, loadStudent } from 'limbeck/run';

const input = { data: Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)), shape: [4, 6] };

/** What this tab has loaded, in order. */
const students: LoadedStudent[] = [];

const at = (index: number) => students[index] as LoadedStudent;

/** Loads the student at the address for all tabs; tells what it turned out to be. */
export async function load(address: string, options: LoadStudentOptions = {}) {
  const student = await loadStudent(address, { worker: 'shared', ...options });
  students.push(student);
  return student.description;
}

export async function ask(index = 0) {
  const { outputs } = await at(index).predict(input);
  return Array.from(outputs['logits']?.data ?? []);
}

export const replace = (address: string, index = 0) => at(index).replace(address);

export async function dispose(index = 0) {
  await at(index)[Symbol.asyncDispose]();
}

/** Loads and leaves again and again, as tabs that come and go do; tells how often the worker was shared. */
export async function comeAndGo(address: string, times: number) {
  let shared = 0;
  for (let i = 0; i < times; i++) {
    const student = await loadStudent(address, { worker: 'shared' });
    await student.predict(input);
    if (student.description.isShared) shared++;
    await student[Symbol.asyncDispose]();
  }
  return shared;
}
