import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the project: its path from the root, with slashes, and its text. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Sources read so far: test files share them, and so their parse trees (`syntax.ts`). */
const known = new Map<string, Source>();

function sourceOf(file: string): Source {
  const source = known.get(file) ?? { file, text: readFileSync(join(root, file), 'utf8') };
  known.set(file, source);
  return source;
}

/** The TypeScript files of some folders, in a fixed order. */
export function sourcesIn(...folders: readonly string[]): Source[] {
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
    .map(sourceOf);
}

/** The written pages of the documentation: what is generated from docstrings, or installed, lies elsewhere. */
export function docPages(): Source[] {
  return ['.', 'guide', 'help', 'inside', 'recipes', 'reference']
    .flatMap((folder) => readdirSync(join(root, 'docs', folder)).map((name) => join('docs', folder, name)))
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.split(sep).join('/'))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
}
