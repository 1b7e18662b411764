// Whether the packed package is one that tools take: publint and are-the-types-wrong have nothing to say, its types are whole
// with the settings that a new Vite project has, and its code imports nothing but its peers.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { ensureBuilt, ensurePackages, root, run } from './ensure.mjs';
import { installPacked } from './packed.mjs';
import { globalsIn } from './withoutNode.mjs';

process.chdir(root);
ensurePackages();
ensureBuilt();
const folder = join(root, 'out/package');
const { tarball, home } = installPacked(folder);
/** Every file that a page or a bundler reads; the command runs in Node, and what comes whole from onnxruntime stays as it is. */
const scripts = readdirSync(join(home, 'dist')).filter((file) => file.endsWith('.js') && !/^(cli|node)/.test(file));
const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
const faults = [
  ...(await byPublint()),
  ...byTypes(),
  ...byTypeImports(),
  ...(await byImports()),
  ...(await byGlobals()),
];
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
// limbeck is written as modules only, so what CommonJS would make of its types is not asked.
run(join(root, 'node_modules/.bin/attw'), [tarball, '--profile', 'esm-only', '--no-emoji']);
console.log('The package is clean: publint, are-the-types-wrong, types in a new Vite project, imports, globals.');

async function byPublint() {
  const { messages } = await publint({ pkgDir: home, pack: false, strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, manifest, { color: false })}`);
}

/** The types of every entry, with `lib` as Vite's templates have it. tfjs's own types are not whole, so only ours count. */
function byTypes() {
  const entries = Object.keys(manifest.exports).filter((name) => manifest.exports[name].types);
  const lines = entries.map(
    (name, i) => `import * as entry${i} from '${name.replace('.', manifest.name)}'; void entry${i};`,
  );
  const use = `import { openTrainer } from '${manifest.name}';
    export async function use() { await using trainer = await openTrainer(); await trainer[Symbol.asyncDispose](); }`;
  const file = join(folder, 'use.ts');
  writeFileSync(file, `${lines.join('\n')}\n${use}\n`);
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    strict: true,
    noEmit: true,
  });
  return program
    .getSourceFiles()
    .filter(({ fileName }) => fileName === file || fileName.startsWith(home))
    .flatMap((source) => ts.getPreEmitDiagnostics(program, source))
    .map(({ file, start = 0, messageText }) => {
      const { line } = file.getLineAndCharacterOfPosition(start);
      return `types: ${file.fileName.slice(folder.length)}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
}

async function byImports() {
  await init;
  const peers = Object.keys(manifest.peerDependencies);
  return scripts.flatMap((file) =>
    parse(readFileSync(join(home, 'dist', file), 'utf8'))[0]
      .map(({ n }) => n)
      .filter(
        (name) =>
          name !== undefined && !/^\.\.?\//.test(name) && !peers.includes(name) && name !== 'onnxruntime-web/wasm',
      )
      .map((name) => `imports: dist/${file} imports ${name}, which is no peer by its public name`),
  );
}

/** Bundlers carry polyfills for names of Node that a page's script uses. */
async function byGlobals() {
  const found = scripts.map(async (file) =>
    (await globalsIn(readFileSync(join(home, 'dist', file), 'utf8'))).map(
      (name) => `globals: dist/${file} uses ${name}`,
    ),
  );
  return (await Promise.all(found)).flat();
}

/** What limbeck carries is no dependency, so types may name nothing but peers, and TypeScript's own. */
function byTypeImports() {
  const types = join(home, 'dist/types');
  const files = readdirSync(types, { recursive: true }).filter((file) => file.endsWith('.d.ts'));
  const named = [...Object.keys(manifest.peerDependencies), manifest.name];
  return files.flatMap((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(types, file), 'utf8'));
    const others = importedFiles
      .map(({ fileName }) => fileName)
      .filter((name) => !/^\.\.?\//.test(name) && !named.some((one) => `${name}/`.startsWith(`${one}/`)));
    return others.map((name) => `types: dist/types/${file} imports ${name}, which is no peer`);
  });
}
