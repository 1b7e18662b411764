// Tests that pass whatever they test.
import ts from 'typescript';
import { expect, test } from 'vitest';
import { type Source, sourcesIn } from './sources.ts';
import { parse, walk } from './syntax.ts';

/** Calls that compare something, by their first word. */
const SAYS = /^(expect|check|refusal|compare)/;

function weaknesses(source: Source): string[] {
  const parsed = parse(source);
  const found: string[] = [];
  const add = (node: ts.Node, what: string) => {
    const { line } = parsed.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${source.file}:${line + 1} ${what}`);
  };
  walk(parsed, (node) => {
    if (ts.isPropertyAssignment(node) && /^retr(y|ies)$/.test(node.name.getText()))
      add(node, 'tries again until it passes');
    if (!ts.isCallExpression(node)) return;
    const called = node.expression.getText();
    if (/\.toBe(Truthy|Falsy)$/.test(called)) add(node, 'takes nearly any value for right');
    if (/^(test|it|describe)\.(only|todo|fails)$/.test(called)) add(node, 'is not the whole');
    // Playwright's takes a condition, and a reason behind it.
    const [first] = node.arguments;
    const isPut = first !== undefined && ts.isStringLiteralLike(first);
    if (/^(test|it|describe)\.(skip|fixme)$/.test(called) && (isPut || node.arguments.length < 2))
      add(node, 'is skipped');
    if (!/^(test|it)\b/.test(called)) return;
    const leaves = node.arguments.find(isFunction)?.body;
    const early = leaves === undefined ? undefined : earlyReturn(leaves);
    if (early !== undefined) add(early, 'ends a test that has not compared anything yet');
  });
  return found;
}

function isFunction(node: ts.Node): node is ts.ArrowFunction | ts.FunctionExpression {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node);
}

/** The first `return` without a value that stands before every comparison; those of inner functions are theirs. */
function earlyReturn(body: ts.Node): ts.Node | undefined {
  let said = false;
  let early: ts.Node | undefined;
  const look = (node: ts.Node, isOwn: boolean) => {
    if (ts.isCallExpression(node) && SAYS.test(node.expression.getText())) said = true;
    if (isOwn && !said && ts.isReturnStatement(node) && node.expression === undefined) early ??= node;
    ts.forEachChild(node, (child) => look(child, isOwn && !ts.isFunctionLike(child)));
  };
  look(body, true);
  return early;
}

const isTest = ({ file }: Source) => /\.(test|spec)\.ts$|\.config\.ts$/.test(file);

test('no test of the house passes whatever it tests', () => {
  const tests = sourcesIn('src', 'e2e', 'scripts', 'wasm').filter(isTest);
  expect(tests.length).toBeGreaterThan(300);
  expect(tests.flatMap(weaknesses)).toEqual([]);
});

test('tests that do are named', () => {
  const text = [
    "test('a', () => { if (none) return; expect(1).toBe(1); });",
    "test('b', () => { expect(1).toBe(1); if (none) return; expect(2).toBe(2); });",
    "test.each(all)('c', (x) => { const f = () => { return; }; if (x) { return; } f(); });",
    "test('d', () => { expect(x).toBe" + 'Truthy(); });',
    'describe.sk' + "ip('e', () => {});",
    'test.skip(!isSlow, why);',
    "test('f', { retry: 3 }, () => expectSame());",
    'test.on' + "ly('g', () => expectSame());",
  ].join('\n');
  expect(weaknesses({ file: 'a.test.ts', text })).toEqual([
    'a.test.ts:1 ends a test that has not compared anything yet',
    'a.test.ts:3 ends a test that has not compared anything yet',
    'a.test.ts:4 takes nearly any value for right',
    'a.test.ts:5 is skipped',
    'a.test.ts:7 tries again until it passes',
    'a.test.ts:8 is not the whole',
  ]);
});
