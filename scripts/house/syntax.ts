import { posix } from 'node:path';
import ts from 'typescript';
import type { Source } from './sources.ts';

const parsedSources = new WeakMap<Source, ts.SourceFile>();
const foundImports = new WeakMap<Source, readonly Import[]>();

export function parse(source: Source): ts.SourceFile {
  const known = parsedSources.get(source);
  if (known !== undefined) return known;
  const parsed = ts.createSourceFile(source.file, source.text, ts.ScriptTarget.Latest, true);
  parsedSources.set(source, parsed);
  return parsed;
}

/** Calls `visit` with every node of a file. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** An import as written. 'value' is loaded with its file, 'dynamic' when it is called for, 'type' never. */
export interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly kind: 'value' | 'dynamic' | 'type';
  /** The file of the project that it names, or undefined for a library. */
  readonly target: string | undefined;
}

/**
 * Every import of a file, in whichever form. `import { type A }` counts as 'value': with `verbatimModuleSyntax` it is
 * kept as `import {}`, and the file is loaded.
 */
export function importsOf(source: Source): readonly Import[] {
  const known = foundImports.get(source);
  if (known !== undefined) return known;
  const found: Import[] = [];
  const add = (name: ts.Node | undefined, kind: Import['kind']) => {
    if (name === undefined || !ts.isStringLiteralLike(name)) return;
    const target = name.text.startsWith('.') ? posix.join(posix.dirname(source.file), name.text) : undefined;
    found.push({ file: source.file, specifier: name.text, kind, target });
  };
  walk(parse(source), (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ? 'type' : 'value');
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'value');
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, 'type');
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], 'dynamic');
    }
  });
  foundImports.set(source, found);
  return found;
}

/** Something that a file declares and exports. */
export interface Exported {
  readonly name: string;
  /** The comment above it with all its stars, or '' where there is none that starts with two. */
  readonly docstring: string;
  /** The type that is written at a constant, or behind the parameters of a function, or ''. */
  readonly type: string;
}

export function exportsOf(source: Source): Exported[] {
  const parsed = parse(source);
  return parsed.statements.flatMap((statement): Exported[] => {
    if (ts.isExportAssignment(statement)) return [{ name: 'default', docstring: '', type: '' }];
    const words = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []).map(({ kind }) => kind) : [];
    if (!words.includes(ts.SyntaxKind.ExportKeyword)) return [];
    const docstring = docstringOf(statement, parsed.text);
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name, type }) => ({
        name: name.getText(),
        docstring,
        type: type?.getText() ?? '',
      }));
    }
    const { name, type } = statement as unknown as { name?: ts.Identifier; type?: ts.TypeNode };
    const isDefault = words.includes(ts.SyntaxKind.DefaultKeyword) || name === undefined;
    const returned = ts.isFunctionDeclaration(statement) ? (type?.getText() ?? '') : '';
    return [{ name: isDefault ? 'default' : name.text, docstring, type: returned }];
  });
}

/** Names that a file hands on, as `export { a as b } from './a.ts'` does. */
export function reexportsOf(source: Source): { name: string; as: string; target: string | undefined }[] {
  return parse(source).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined) return [];
    if (!ts.isNamedExports(statement.exportClause)) return [];
    const from = statement.moduleSpecifier as ts.StringLiteral | undefined;
    const target = from?.text.startsWith('.') ? posix.join(posix.dirname(source.file), from.text) : undefined;
    return statement.exportClause.elements.map(({ name, propertyName }) => ({
      name: (propertyName ?? name).text,
      as: name.text,
      target,
    }));
  });
}

/** Files whose every name a file hands on, as `export * from './a.ts'` does. */
export function starsOf(source: Source): string[] {
  return parse(source).statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || statement.exportClause !== undefined) return [];
    return [posix.join(posix.dirname(source.file), (statement.moduleSpecifier as ts.StringLiteral).text)];
  });
}

function docstringOf(node: ts.Node, text: string): string {
  const comment = ts.getLeadingCommentRanges(text, node.getFullStart())?.at(-1);
  const docstring = comment === undefined ? '' : text.slice(comment.pos, comment.end);
  return docstring.startsWith('/**') ? docstring : '';
}
