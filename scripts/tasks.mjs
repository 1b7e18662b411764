import { readdir } from 'node:fs/promises';

const folder = new URL('../tasks/', import.meta.url);

/** The worked examples, by name: what each file of tasks/ exports. `run.mjs` says what that is. */
export async function loadTasks() {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.mjs') && name !== 'run.mjs').sort();
  return Promise.all(names.map((name) => import(new URL(name, folder).href)));
}
