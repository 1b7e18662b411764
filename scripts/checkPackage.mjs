// Whether the packed package is one that tools take: publint and are-the-types-wrong have nothing to say, its types are whole
// with the settings that a new Vite project has, its code imports nothing but its peers, and it holds what it names and nothing
// else. `npm publish` sends the same files.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { ensureBuilt, ensurePackages, root, run } from './ensure.mjs';
import { bytes } from './figures.mjs';
import { installPacked } from './packed.mjs';
import { globalsIn } from './withoutNode.mjs';

process.chdir(root);
ensurePackages();
ensureBuilt();
const folder = join(root, 'out/package');
const { tarball, home } = installPacked(folder);
/** Every file that a page or a bundler reads; the command runs in Node, and what comes whole from onnxruntime stays as it is. */
const scripts = readdirSync(join(home, 'dist')).filter((file) => file.endsWith('.js') && !/^(cli|node)/.test(file));
const files = readdirSync(home, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => relative(home, join(parentPath, name)));
const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
const faults = [
  ...(await byPublint()),
  ...byTypes(),
  ...byTypeImports(),
  ...(await byImports()),
  ...(await byGlobals()),
  ...byFiles(),
];
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
// limbeck is written as modules only, so what CommonJS would make of its types is not asked.
run(join(root, 'node_modules/.bin/attw'), [tarball, '--profile', 'esm-only', '--no-emoji']);
const unpacked = files.reduce((sum, file) => sum + statSync(join(home, file)).size, 0);
console.log(
  'The package is clean: publint, are-the-types-wrong, types in a new Vite project, imports, globals, files.\n' +
    `${files.length} files, ${bytes(statSync(tarball).size)} packed, ${bytes(unpacked)} unpacked.`,
);

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

/** What is of no use to whoever installs it, what it names and lacks, and source maps that are not there. */
function byFiles() {
  const useless = /^dist\/demo|\.(test|spec)\.|cases?\.|(^|\/)(golden|cases|node_modules|out)\/|\.(map|tgz)$|(^|\/)\./i;
  const named = [manifest.main, manifest.types, ...Object.values(manifest.bin)];
  for (const to of Object.values(manifest.exports)) named.push(...(typeof to === 'string' ? [to] : Object.values(to)));
  const lacking = [...new Set(named), ...manifest.sideEffects].filter(
    (file) => !file.includes('*') && !existsSync(join(home, file)),
  );
  const mapped = files.filter(
    (file) =>
      /\.([mc]?js|css|d\.ts)$/.test(file) &&
      /^\/[/*]# sourceMappingURL=(?!data:)/m.test(readFileSync(join(home, file), 'utf8')),
  );
  return [
    ...files.filter((file) => useless.test(file)).map((file) => `files: ${file} is of no use to whoever installs it`),
    ...lacking.map((file) => `files: package.json names ${file}, which is not there`),
    ...mapped.map((file) => `files: ${file} names a source map, and there is none`),
  ];
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
