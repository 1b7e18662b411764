import { describe, expect, test } from 'vitest';
import {
  absentOffences,
  apartOffences,
  circles,
  doorOffences,
  eagerOffences,
  layerOffences,
  outsiderOffences,
  platformOffences,
  unreachedOffences,
} from './architecture.ts';
import { ENTRIES } from './layers.ts';
import { sourcesIn } from './sources.ts';

const src = sourcesIn('src');
const outside = sourcesIn('demo', 'e2e');

describe('the house as it stands', () => {
  test('imports point down, or stay in their folder', () => expect(layerOffences(src)).toEqual([]));
  test('what the picture lists exists', () => expect(absentOffences(src)).toEqual([]));
  test('every library has one door', () => expect(doorOffences(src)).toEqual([]));
  test('storage is touched in storage/, and core knows no page', () => expect(platformOffences(src)).toEqual([]));
  test('imports run in no circle', () => expect(circles(src)).toEqual([]));
  test('a student is built without the reader of ONNX files', () => expect(apartOffences(src)).toEqual([]));
  test('importing the package loads neither tfjs nor onnxruntime-web', () => expect(eagerOffences(src)).toEqual([]));
  test('every file is reached from an entry', () => expect(unreachedOffences(src)).toEqual([]));
  test('demo and e2e know the package by its name', () => expect(outsiderOffences(outside)).toEqual([]));

  test('there is something to judge', () => {
    expect(src.map(({ file }) => file)).toEqual(expect.arrayContaining([...ENTRIES]));
    expect(src.length).toBeGreaterThan(60);
  });
});

describe('a house with faults', () => {
  const file = (name: string, text: string) => ({ file: name, text });

  test.each([
    ['export may not import distill', 'src/export/x.ts', "import { distill } from '../distill/distill.ts';"],
    ['export may not import distill', 'src/export/x.ts', "type D = typeof import('../distill/distill.ts');"],
    ['losses may not import train', 'src/losses/x.ts', "export { a } from '../train/loop.ts';"],
    ['runtime may not import storage', 'src/runtime/backends/x.ts', "await import('../../storage/store.ts');"],
    ['core may not import data', 'src/core/x.ts', "import type { Dataset } from '../data/dataset.ts';"],
    ['teacher may not import losses', 'src/teacher/x.ts', "import '../losses/loss.ts';"],
    ['student may not import teacher', 'src/student/x.ts', "import '../teacher/teacher.ts';"],
    ['data may not import runtime', 'src/data/x.ts', "import { toTensor } from '../runtime/tensors.ts';"],
    ['losses may import runtime by type only', 'src/losses/x.ts', "import { add } from '../runtime/tf.ts';"],
    ['losses may import runtime by type only', 'src/losses/x.ts', "import { type Tensor } from '../runtime/tf.ts';"],
    ['distill may not import entry', 'src/distill/x.ts', "import { cnn } from '../index.ts';"],
    ['distill may not leave src', 'src/distill/x.ts', "import kernels from '../../wasm/dist.ts';"],
    ['"helpers" stands in no layer of scripts/house/layers.ts', 'src/helpers/x.ts', ''],
    ['"src/types.ts" stands in no layer of scripts/house/layers.ts', 'src/types.ts', ''],
  ])('%s', (sentence, name, text) => {
    expect(layerOffences([file(name, text)], [])).toEqual([`${sentence} (${name})`]);
  });

  test('an exception holds for one import of one kind, and must be needed', () => {
    const exception = { from: 'src/data/x.ts', to: 'src/losses/loss.ts', kind: 'type', why: 'a test' } as const;
    const byType = file('src/data/x.ts', "import type { Loss } from '../losses/loss.ts';");
    const byValue = file('src/data/x.ts', "import { named } from '../losses/loss.ts';");
    const stale = 'the exception src/data/x.ts → src/losses/loss.ts is used by nobody; delete it';
    expect(layerOffences([byType], [exception])).toEqual([]);
    expect(layerOffences([byValue], [exception])).toEqual(['data may not import losses (src/data/x.ts)', stale]);
  });

  test.each([
    ['tfjs comes in through src/runtime/tf.ts only', 'src/train/x.ts', "import * as tf from '@tensorflow/tfjs-core';"],
    ['onnxruntime-web comes in through src/runtime/ort.ts only', 'src/a/x.ts', "await import('onnxruntime-web');"],
    [
      'onnxruntime-web is to be imported where it is used, with import(…)',
      'src/runtime/ort.ts',
      "import * as ort from 'onnxruntime-web/wasm';",
    ],
    ['comlink comes in through src/workers/ only', 'src/a/x.ts', "import type { A } from 'comlink';"],
    ['idb comes in through src/storage/ only', 'src/data/x.ts', "import { openDB } from 'idb';"],
    ['Node comes in through src/cli/ only', 'src/data/x.ts', "await import('node:fs');"],
    ['"lodash" has no door in scripts/house/layers.ts', 'src/data/x.ts', "import { map } from 'lodash';"],
  ])('%s', (sentence, name, text) => {
    expect(doorOffences([file(name, text)])).toEqual([`${sentence} (${name})`]);
  });

  test('types of tfjs and onnxruntime-web may be named anywhere', () => {
    const text = "import type { Tensor } from '@tensorflow/tfjs-core'; type Ort = typeof import('onnxruntime-web');";
    expect(doorOffences([file('src/train/x.ts', text)])).toEqual([]);
  });

  test.each([
    ['navigator?.storage may be touched in src/storage/ only', 'src/data/x.ts', 'navigator?.storage.estimate();'],
    ['a server may be asked in src/network/ only', 'src/teacher/x.ts', 'await fetch(url);'],
    ['a server may be asked in src/network/ only', 'src/teacher/x.ts', 'ask(new Request(url, source));'],
    ['indexedDB may be touched in src/storage/ only', 'src/train/x.ts', 'globalThis.indexedDB.open("a");'],
    ['core may not speak of document', 'src/core/x.ts', 'document.title;'],
    ["Node's modules come in through src/core/node.ts only", 'src/data/x.ts', "process.getBuiltinModule('fs');"],
  ])('%s', (sentence, name, text) => {
    expect(platformOffences([file(name, text)])).toContain(`${sentence} (${name})`);
  });

  test('a circle is named by its files, also one of types', () => {
    const circle = (word: string) => [
      file('src/data/a.ts', "import { b } from './b.ts';"),
      file('src/data/b.ts', "export * from './c.ts';"),
      file('src/data/c.ts', `import ${word} { a } from './a.ts';`),
    ];
    const sentence = 'src/data/a.ts → src/data/b.ts → src/data/c.ts → src/data/a.ts is a circle of imports';
    expect(circles(circle(''))).toEqual([sentence]);
    expect(circles(circle('type'))).toEqual([sentence]);
  });

  test('a folder or file that is listed and does not exist is named', () => {
    expect(absentOffences([file('src/data/a.ts', '')], ['src/data/', 'src/data/a.ts', 'src/bench/'])).toEqual([
      'scripts/house/layers.ts lists src/bench/, which does not exist',
    ]);
  });

  test('what loads tfjs with the package is named with its way', () => {
    const sources = [
      file('src/index.ts', "export { a } from './data/a.ts';"),
      file('src/data/a.ts', "import * as tf from '../runtime/tf.ts';"),
    ];
    const way = 'src/index.ts → src/data/a.ts → src/runtime/tf.ts';
    expect(eagerOffences(sources)).toEqual([`index.ts may not load src/runtime/tf.ts: ${way}`]);
  });

  test('a file that nothing reaches is named', () => {
    const sources = [file('src/index.ts', ''), file('src/data/a.ts', ''), file('src/data/a.test.ts', '')];
    expect(unreachedOffences(sources)).toEqual([
      'no entry of the package reaches src/data/a.ts; export it, or delete it',
    ]);
  });

  test('a page that reaches into the sources is named', () => {
    expect(outsiderOffences([file('demo/x.ts', "import { cnn } from '../src/index.ts';")])).toEqual([
      `demo may import the package as 'limbeck' only, not "../src/index.ts" (demo/x.ts)`,
    ]);
  });
});
