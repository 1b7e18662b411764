import ts from 'typescript';
import { expect, test } from 'vitest';
import { type Source, sourcesIn } from './sources.ts';
import { parse, walk } from './syntax.ts';

/** limbeck's own classes, and those of the one tfjs that a thread has. */
const OWN = ['LimbeckError', 'Tensor', 'multiHeadAttentionClass(tf)', 'positionEmbeddingClass(tf)'];
/** Where the platform's classes are told apart. */
const HOME = 'src/core/tags.ts';

/** An array, an error or a Blob of another realm is none of this realm's class: `isTagged` tells it by its tag. */
function realmOffences(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const offences: string[] = [];
    walk(parse(source), (node) => {
      if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.InstanceOfKeyword) return;
      const name = node.right.getText();
      if (!OWN.includes(name)) offences.push(`${source.file} asks "instanceof ${name}"; ask isTagged of ${HOME}`);
    });
    return offences;
  });
}

test('no file but one asks "instanceof" of a class of the platform', () => {
  const sources = sourcesIn('src').filter(({ file }) => !/(\.test|Cases)\.ts$/.test(file) && file !== HOME);
  expect(sources.length).toBeGreaterThan(100);
  expect(realmOffences(sources)).toEqual([]);
});

test('offences are named', () => {
  const text = 'if (data instanceof Float32Array || error instanceof LimbeckError || map instanceof Map) go();';
  expect(realmOffences([{ file: 'src/a.ts', text }])).toEqual([
    `src/a.ts asks "instanceof Float32Array"; ask isTagged of ${HOME}`,
    `src/a.ts asks "instanceof Map"; ask isTagged of ${HOME}`,
  ]);
});
