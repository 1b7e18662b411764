// dist/types as a package has them: only what the entries reach, with imports that every resolver reads, and nothing of a
// library that is no peer. scripts/build.mjs calls it after tsc.
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const IMPORT = /(\bfrom\s+|\bimport\s+|\bimport\()(['"])([^'"]+)\2/g;
/** Disposal is in no `lib` that a new project begins with. */
const LIB = '/// <reference lib="esnext.disposable" />\n';

/**
 * @param {string} folder dist/types
 * @param {readonly string[]} entries such as 'index.d.ts'
 * @param {readonly string[]} peers names of packages that types may come from
 * Throws Error where types come from anything else.
 */
export function publishTypes(folder, entries, peers) {
  const reached = new Set();
  const strangers = new Set();
  const visit = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = withoutComments(readFileSync(file, 'utf8'));
    for (const [, , , specifier] of text.matchAll(IMPORT)) {
      if (specifier.startsWith('.')) visit(resolve(dirname(file), specifier.replace(/\.ts$/, '.d.ts')));
      else if (!peers.some((peer) => specifier === peer || specifier.startsWith(`${peer}/`))) {
        strangers.add(`${file} imports types of ${specifier}`);
      }
    }
  };
  for (const entry of entries) visit(resolve(folder, entry));
  if (strangers.size > 0) throw new Error(`Types of what is no peer: ${[...strangers].join('; ')}`);
  for (const { parentPath, name } of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(resolve(parentPath), name);
    if (name.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  }
  removeEmpty(resolve(folder));
  for (const file of reached) {
    const text = readFileSync(file, 'utf8').replace(IMPORT, (all, before, quote, specifier) =>
      specifier.startsWith('.') ? `${before}${quote}${specifier.replace(/\.ts$/, '.js')}${quote}` : all,
    );
    writeFileSync(file, entries.some((entry) => resolve(folder, entry) === file) ? LIB + text : text);
  }
}

const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\//g, '');

function removeEmpty(folder) {
  for (const { name, parentPath } of readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory())) {
    const inner = join(parentPath, name);
    removeEmpty(inner);
    if (existsSync(inner) && readdirSync(inner).length === 0) rmdirSync(inner);
  }
}
