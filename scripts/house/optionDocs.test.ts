// What an option defaults to is said twice, where the field is made and in the docstring above it, which users hover.
import ts from 'typescript';
import { expect, test } from 'vitest';
import { isTestMaterial } from './layers.ts';
import { type Source, sourcesIn } from './sources.ts';
import { parse, walk } from './syntax.ts';

/** Makers whose argument is the default; `count()` and `oneOf(…)` give such a maker. */
const MAKERS = ['positive', 'notNegative', 'fraction', 'finite', 'flag', 'text'];

/** The default as written, or undefined where the field has none. */
function fallbackOf(field: ts.Expression): string | undefined {
  if (!ts.isCallExpression(field)) return undefined;
  if (field.expression.getText() === 'given') return field.arguments[1]?.getText();
  const isMaker = ts.isCallExpression(field.expression) || MAKERS.includes(field.expression.getText());
  return isMaker ? field.arguments[0]?.getText() : undefined;
}

/** "4", "'logits'", "[28, 28, 1]" or "false" behind the word Default; what is told in words has a colon there. */
const told = (docstring: string): string | undefined =>
  /\bDefault (-?\d[\d.,_e-]*(?<![.,])|'[^']*'|\[[^\]]*\]|\w+)/.exec(docstring)?.[1];

/** A list may be told where the code fills it in. */
const isSame = (a: string | undefined, b: string | undefined) =>
  a === b ||
  (a === undefined && b?.startsWith('[')) ||
  (a !== undefined && b !== undefined && Number(a.replaceAll('_', '')) === Number(b.replaceAll(',', '')));

function offences(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const found: string[] = [];
    walk(parse(source), (node) => {
      if (!ts.isCallExpression(node) || node.expression.getText() !== 'schema') return;
      const fields = node.arguments[1];
      if (fields === undefined || !ts.isObjectLiteralExpression(fields)) return;
      for (const field of fields.properties) {
        if (!ts.isPropertyAssignment(field)) continue;
        const where = `${field.name.getText()} of ${source.file}`;
        const comments = ts.getLeadingCommentRanges(source.text, field.getFullStart()) ?? [];
        const docstring = comments
          .map(({ pos, end }) => source.text.slice(pos, end))
          .join('\n')
          .replace(/\s*\n\s*\*?\s*/g, ' ');
        if (!docstring.includes('/**')) found.push(`${where} has no docstring`);
        const fallback = fallbackOf(field.initializer);
        const isNamed = fallback !== undefined && /^[A-Za-z_]/.test(fallback) && !['true', 'false'].includes(fallback);
        if (isNamed ? !docstring.includes('Default') : !isSame(fallback, told(docstring)))
          found.push(
            `${where} has the default ${fallback ?? 'none'}, and its docstring tells ${told(docstring) ?? 'none'}`,
          );
      }
    });
    return found;
  });
}

const src = sourcesIn('src').filter(({ file }) => !isTestMaterial(file));

test('the docstring of an option tells its default', () => {
  expect(src.filter(({ text }) => text.includes('= schema(')).length).toBeGreaterThan(5);
  expect(offences(src)).toEqual([]);
});

test('a docstring that tells another default is found', () => {
  const fields = [
    '/** A. Default 4 (their code). */\n a: positive(4)',
    '/** B. Default 5. */\n b: positive(4)',
    '/** C. */\n c: count()(4)',
    "/** D. Default 'code'. */\n d: oneOf('code', 'paper')('code')",
    '/** E. Default 3. */\n e: count()()',
    '/** F. Default: what the model takes. */\n f: count()()',
    'g: required(text())',
    '/** H. Default 0.01. */\n h: positive(1e-2)',
    '/** I. Default 10,000. */\n i: positive(10_000)',
    '/** J. Default 4. */\n j: positive(RANK)',
    '/** K. Default [1, 2]. */\n k: given(check, [1, 2])',
    '/** L. Default [1, 2]. */\n l: given(check, [1, 3])',
  ];
  const text = `const OPTIONS = schema('a', {\n${fields.join(',\n')}\n});`;
  expect(offences([{ file: 'a.ts', text }])).toEqual([
    'b of a.ts has the default 4, and its docstring tells 5',
    'c of a.ts has the default 4, and its docstring tells none',
    'e of a.ts has the default none, and its docstring tells 3',
    'g of a.ts has no docstring',
    'l of a.ts has the default [1, 3], and its docstring tells [1, 2]',
  ]);
});
