import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { root, type Source } from './sources.ts';
import { exportsOf, parse, reexportsOf, starsOf } from './syntax.ts';

/** A piece of code that a reader may copy. */
export interface Example {
  /** Where it stands, such as "README.md:12". */
  readonly place: string;
  readonly code: string;
}

/** The fenced blocks of a Markdown file that call themselves ts or tsx. */
export function fencedExamples({ file, text }: Source): Example[] {
  return [...text.matchAll(/^```tsx?\b.*\n([\s\S]*?)^```/gm)].map(({ index, 1: code = '' }) => ({
    place: `${file}:${text.slice(0, index).split('\n').length}`,
    code,
  }));
}

/** The `@example` blocks above a file's exports. */
export function docstringExamples(source: Source): Example[] {
  return exportsOf(source).flatMap(({ name, docstring }) =>
    docstring
      .replace(/\s*\*\/$/, '')
      .split(/^\s*\* @/m)
      .filter((part) => part.startsWith('example'))
      .map((part) => ({
        place: `@example of ${name} (${source.file})`,
        code: part.replace(/^example *\n?/, '').replace(/^\s*\* ?/gm, ''),
      })),
  );
}

/** Packages that an example may import, as a user's bundler would find them. */
const PACKAGE = {
  limbeck: 'src/index.ts',
  'limbeck/expose': 'src/exposeWorker.ts',
  'limbeck/run': 'src/run.ts',
  'limbeck/students': 'src/students.ts',
  'limbeck/tfjs': 'src/tfjs.ts',
  'limbeck/webgpu': 'src/webgpu.ts',
  'limbeck/federate': 'src/federate.ts',
} as const;
/** What examples may import beside them; it is not installed. */
const REACT = 'scripts/house/exampleReact.ts';
const GLOBALS = ['./exampleGlobals.ts', 'scripts/house/exampleGlobals.ts'] as const;
const HEAD_LINES = 1;

/** Specifiers, each with the names that can be imported from it. */
type OpenNames = readonly (readonly [string, readonly string[]])[];

/** What the compiler says about each example, one sentence a fault; in the order of the examples. */
export function checkExamples(examples: readonly Example[]): string[][] {
  const files = Object.entries({ ...PACKAGE, react: REACT });
  const paths = Object.fromEntries(files.map(([name, file]) => [name, [resolve(root, file)]]));
  const options: ts.CompilerOptions = {
    ...ts.convertCompilerOptionsFromJson(
      {
        target: 'ES2022',
        module: 'ESNext',
        moduleResolution: 'Bundler',
        lib: ['ES2023', 'ESNext.Disposable', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
        types: [],
        strict: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: true,
        noEmit: true,
        allowImportingTsExtensions: true,
      },
      root,
    ).options,
    paths,
  };
  const texts = new Map(
    exampleModules(examples).map((text, i) => [resolve(root, `scripts/house/example${i}.ts`), text]),
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, version, ...rest) => {
    const text = texts.get(file);
    return text === undefined ? getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version, true);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].map((file, i) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ messageText, start = 0 }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1 - HEAD_LINES;
      return `${examples[i]?.place}, line ${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

/** Each example as a module that exports it as the function `example`; its free names come from `globals`, a module's address. */
export function exampleModules(examples: readonly Example[], globals: string = GLOBALS[0]): string[] {
  const files = [...Object.entries(PACKAGE), [globals, GLOBALS[1]] as const];
  const open = files.map(([from, file]) => [from, openNames(file)] as const);
  return examples.map((one) => wrap(one, open));
}

/**
 * An example as a module: its own imports and those it leaves out in one first line, the rest in an async function.
 * What it declares itself hides an import of the same name.
 */
function wrap({ code }: Example, open: OpenNames): string {
  const parsed = parse({ file: 'example.ts', text: code });
  const own = parsed.statements.filter((statement) => ts.isImportDeclaration(statement));
  const ownNames = new Set(own.flatMap((statement) => namesOf(statement)));
  let body = code;
  // Blanked, not cut, so that the lines keep their numbers.
  for (const { pos, end } of own)
    body = body.slice(0, pos) + code.slice(pos, end).replace(/\S/g, ' ') + body.slice(end);
  // Nor can a function export anything.
  body = body.replace(/^export (?=(async )?function|const|class)/gm, '       ');
  // What two entries export is taken from the first.
  const taken = new Set(ownNames);
  const added = open.map(([from, names]) => {
    const free = names.filter((name) => !taken.has(name));
    for (const name of free) taken.add(name);
    return `import { ${free.join(', ')} } from '${from}';`;
  });
  const imports = own.map((statement) => statement.getText(parsed).replace(/\s+/g, ' '));
  return `${[...added, ...imports].join(' ')} export async function example() {\n${body}\n}\n`;
}

function namesOf({ importClause }: ts.ImportDeclaration): string[] {
  const bindings = importClause?.namedBindings;
  const named =
    bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : [];
  return importClause?.name === undefined ? named : [...named, importClause.name.text];
}

/** The names that a file exports, by declaration or by handing on. */
function openNames(file: string): string[] {
  const source = { file, text: readFileSync(resolve(root, file), 'utf8') };
  const own = [...exportsOf(source).map(({ name }) => name), ...reexportsOf(source).map((one) => one.as)];
  return [...own, ...starsOf(source).flatMap(openNames)];
}
