// Rows without a page: one program, run by Node, Bun or Deno.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, root } from '../scripts/ensure.mjs';

const engines = join(root, 'places/engines/node_modules');

/** A program of places/engines, by the place in each of its packages for this machine: they are named for platforms. */
export function engineProgram(pattern, file) {
  ensurePackages('places/engines');
  const [scope] = pattern.split('/');
  const names = pattern.includes('/')
    ? readdirSync(join(engines, scope)).map((name) => `${scope}/${name}`)
    : readdirSync(engines);
  const fits = names.filter((name) => name.startsWith(pattern) && existsSync(join(engines, name, file)));
  if (fits.length === 0) throw new Error(`places/engines has no ${pattern} for this machine`);
  return join(engines, fits[0], file);
}

/**
 * Runs places/projects/server/check.mjs, which uses every verb, ends by itself and leaves nothing behind.
 * @param {() => string} program
 * @param {string[]} args before the file
 */
export function serverRow({ name, title, program, args = [] }) {
  return {
    name,
    title,
    packages: 'root',
    async run({ copyProject, folder, teacherFile, run, log }) {
      copyProject('server');
      cpSync(join(root, 'places/projects/app/check.js'), join(folder, 'check.js'));
      cpSync(teacherFile, join(folder, 'teacher.onnx'));
      const said = await run(program(), [...args, 'check.mjs'], { timeoutMs: 180_000 });
      const { agreement, threads, hasKernels } = JSON.parse(said.trim().split('\n').at(-1));
      if (!hasKernels) throw new Error('the trainer has no kernels of its own');
      const list = Object.entries(threads).map(([of, count]) => `${of} ${count}`);
      if (Object.values(threads).some((count) => count < 2)) throw new Error(`threads: ${list}`);
      for (const [file, text] of documentedPrograms()) {
        writeFileSync(join(folder, file), text);
        const printed = await run(program(), [...args, file]);
        if (printed.trim() === '') throw new Error(`${file} of docs/guide/node.md printed nothing`);
      }
      log(`threads ${list.join(', ')}; agreement ${agreement.toFixed(2)}`);
      return 'every verb, in threads; files by path; stores in a folder';
    },
  };
}

/** The programs of docs/guide/node.md, in their order: blocks that begin with the name of a file for Node. */
function documentedPrograms() {
  const page = readFileSync(join(root, 'docs/guide/node.md'), 'utf8');
  const blocks = [...page.matchAll(/^```js\n\/\/ (\w+\.mjs)\n([\s\S]*?)^```/gm)];
  if (blocks.length < 3) throw new Error('docs/guide/node.md lost its programs');
  return blocks.map(([, file, text]) => [file, text]);
}
