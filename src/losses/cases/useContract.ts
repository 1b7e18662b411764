// The tests that every loss owes beside those on its numbers (lossContract.ts): what it takes and refuses, a gradient as
// long as its docstring says, steps that are replayed. Only tests import this file.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import type { OpenBackend } from '../../runtime/backends/backend.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import { backendOptions } from '../../runtime/cases/assetCases.ts';
import * as tf from '../../runtime/tf.ts';
import type { Loss, LossShapes } from '../loss.ts';
import { checkShapes } from '../terms.ts';
import { mapEntries } from './lossCases.ts';
import { testIf } from './lossContract.ts';
import { expectReplayed, randomTensors } from './replayedCases.ts';
import { describeOnCpu } from './responseCases.ts';
import { checkDocumented, checkWeight, type WeightSetting } from './weightCases.ts';

type Shapes = LossShapes['student'];

/** How a loss is made, what it reads then, and what it says of other sizes. */
export interface LossUse<Options> {
  readonly options?: Options;
  /** False for what is made of losses, and not of options. */
  readonly hasOptions?: boolean;
  /** The shapes of what it reads, without the batch. */
  readonly student: Shapes;
  readonly teacher?: Shapes;
  /** What is refused where it has other classes than the student's 'logits'. */
  readonly sameClasses?: 'teacher' | 'peers';
  /** True where one example may have any size on either side: a vector beside a map. */
  readonly takesAnySizes?: boolean;
  /** Fewest examples of a batch. Default 1. */
  readonly least?: number;
  /** Changes of shapes and options that it refuses as 'shape-mismatch', and what it says then. */
  readonly mismatches?: readonly (readonly [Shapes, Shapes, Partial<Options>, RegExp])[];
  /** Where its row Weight is measured; 'alone' where it has a row and stands alone, null where it has none. */
  readonly weight: WeightSetting<Options> | 'alone' | null;
  /** Other options with which a step is replayed too. */
  readonly replayed?: readonly Partial<Options>[];
}

const logits = { logits: [4] };
/** The logits of both sides. */
export const onLogits = { student: logits, teacher: logits, sameClasses: 'teacher' } as const;
/** Features of any sizes, related between examples. */
export const onRelations = {
  options: { output: 'a', teacherOutput: 'b' },
  student: { a: [6] },
  teacher: { b: [3, 3, 2] },
  takesAnySizes: true,
  least: 2,
} as const;
/** Maps of equal channels. */
export const onMaps = {
  options: { output: 'a', teacherOutput: 'b' },
  student: { a: [6, 6, 4] },
  teacher: { b: [3, 3, 4] },
} as const;
/** The student's own outputs. */
export const onPeers = { student: { 'logits.0': [4], 'logits.1': [4] }, sameClasses: 'peers' } as const;
/** The logits of two teachers. */
export const onMembers = {
  options: { teacherOutputs: ['logits@0', 'logits@1'] },
  student: logits,
  teacher: { 'logits@0': [4], 'logits@1': [4] },
  sameClasses: 'teacher',
} as const;

/** Registers with vitest the same tests for every loss, once each. */
export function checkUse<Make extends (options: never) => Loss>(
  make: Make,
  use: LossUse<NonNullable<Parameters<Make>[0]>>,
): void {
  const { student, teacher = {}, hasOptions = true, sameClasses, least = 1, mismatches = [] } = use;
  const given = use.options as object | undefined;
  const made = (changed: object = {}) => make({ ...given, ...changed } as never);
  const shapes: LossShapes = { student, teacher, batchSize: 8, examples: 100 };
  const loss = made();
  const { name, reads } = loss;
  const refused = (changed: Partial<LossShapes>, options: object = {}) =>
    refusal(() => prepare(made(options), { ...shapes, ...changed }));

  describe(`${name}, in use`, () => {
    testIf(hasOptions)('takes options that it knows', () => {
      const { code, message } = refusal(() => made({ colour: 1 }));
      expect(code).toBe('invalid-option');
      expect(message).toMatch(new RegExp(`${name} has no option "colour". It takes: `));
    });

    test('softens by temperatures above 0, and calls them so', () => {
      const options = Object.keys(loss.options);
      expect(options.filter((option) => /^(tau|T|temp)$/.test(option))).toEqual([]);
      for (const option of options.filter((one) => one.startsWith('temperature'))) {
        for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '4']) {
          const { code, message } = refusal(() => made({ [option]: option.endsWith('s') ? [bad] : bad }));
          expect(code).toBe('invalid-option');
          expect(message).toBe(`"${option}" was ${bad}; it must be a number above 0.`);
        }
      }
    });

    test('takes outputs that suit it', () => prepare(loss, shapes));

    test('names an output that is missing', () => {
      for (const side of ['student', 'teacher'] as const) {
        for (const output of reads[side]) {
          const { [output]: _, ...others } = shapes[side];
          const { code, message } = refusal(() => prepare(loss, { ...shapes, [side]: { ...others, other: [1] } }));
          expect(code).toBe('unknown-output');
          expect(message).toContain(`${name} reads the ${side}'s output "${output}"; it has `);
          expect(message).toContain('"other"');
          expect(message).toContain(side === 'student' ? 'a layer of the student' : '"taps"');
        }
      }
    });

    testIf(sameClasses === 'teacher')('refuses a teacher of other classes', () => {
      const { code, message } = refused({ teacher: { ...teacher, ...mapKeys(reads.teacher, [5]) } });
      expect(code).toBe('class-mismatch');
      expect(message).toMatch(/\[\?, 5\].*\[\?, 4\]|\[\?, 4\].*\[\?, 5\]/);
      expect(message).toMatch(/classes: 5|"classes"/);
    });

    testIf(sameClasses === 'peers')('refuses peers of other classes', () => {
      const { code, message } = refused({ student: { ...student, 'logits.1': [5] } });
      expect(code).toBe('class-mismatch');
      expect(message).toContain('"logits.1" has 5');
    });

    testIf(reads.labels)('refuses several rows an example, which has one label', () => {
      const rows = (side: Shapes) => mapEntries(side, () => [3, 4]);
      const { code, message } = refused({ student: rows(student), teacher: rows(teacher) });
      expect(code).toBe('shape-mismatch');
      expect(message).toMatch(/\[\?, 3, 4\].*\[B, C\]|\[B, C\].*\[\?, 3, 4\]/);
    });

    for (const [ofStudent, ofTeacher, options, remedy] of mismatches) {
      test(`refuses ${JSON.stringify([ofStudent, ofTeacher, options])}`, () => {
        const changed = { student: { ...student, ...ofStudent }, teacher: { ...teacher, ...ofTeacher } };
        const { code, message } = refused(changed, options as object);
        expect(code).toBe('shape-mismatch');
        expect(message).toMatch(remedy);
      });
    }

    testIf(student['a'] !== undefined && teacher['b'] !== undefined && teacher['c'] === undefined)(
      'says what it makes of a vector beside a map',
      () => {
        const unlike = { student: { ...student, a: [4] }, teacher: { b: [3, 3, 4] } };
        if (use.takesAnySizes) return prepare(loss, { ...shapes, ...unlike });
        const { code, message } = refused(unlike);
        expect(code).toBe('shape-mismatch');
        expect(message).toMatch(/Read a layer of the other model that has the same axes/);
      },
    );

    test(`takes batches of ${least}`, () => {
      prepare(loss, { ...shapes, batchSize: least });
      for (let batchSize = 1; batchSize < least; batchSize++) {
        const { code, message } = refused({ batchSize });
        expect(code).toBe('invalid-option');
        expect(message).toMatch(
          new RegExp(`^${name}.* the batches have ${batchSize}. Set batchSize to ${least} or more`),
        );
      }
    });

    describe('replayed on wasm', () => {
      let backend: OpenBackend | undefined;
      beforeAll(async () => {
        backend = await openBackendHere(backendOptions('wasm'));
      });
      afterAll(() => backend?.dispose());

      test.each<object>([{}, ...((use.replayed ?? []) as readonly object[])])(
        'gives the same bits as step by step, %o',
        (changed) => {
          expectReplayed(made(changed), shapes);
        },
      );
    });

    describeOnCpu('on labels', () => {
      const lossAt = (tensors: ReturnType<typeof randomTensors>, labels: readonly number[], of = loss) =>
        of.compute(tf, { ...tensors, labels: tf.tensor1d([...labels], 'int32') }).dataSync()[0] as number;

      testIf(reads.labels)('says that they are missing', () => {
        tf.tidy(() => {
          const { labels: _, ...without } = randomTensors(loss, shapes, 4);
          const { code, message } = refusal(() => loss.compute(tf, without));
          expect(code).toBe('labels-missing');
          expect(message).toMatch(/needs labels; give labelled data/);
        });
      });

      test('gives a number, also for a last batch of one', () => {
        tf.tidy(() => {
          expect(lossAt(randomTensors(loss, shapes, 4), [0, 3, 1, 3])).toSatisfy(Number.isFinite);
          expect(lossAt(randomTensors(loss, shapes, 1), [3])).toSatisfy(Number.isFinite);
        });
      });

      testIf(takesUnlabelled(loss))('says nothing of examples without one', () => {
        tf.tidy(() => {
          const tensors = randomTensors(loss, shapes, 4);
          const none = lossAt(tensors, [-1, -1, -1, -1]);
          const added = (...labels: number[]) => lossAt(tensors, labels) - none;
          expect(none).toSatisfy(Number.isFinite);
          // No class is what is said of an example without a label, unless the teacher names one instead.
          const silent = [0, 1, 2, 3].filter((label) => Math.abs(added(-1, label, -1, -1)) < 1e-5);
          const ofTeacher = tensors.teacher['logits']?.argMax(-1).dataSync()[1];
          expect(silent).toEqual(name === 'decoupledTargets' ? [ofTeacher] : []);
          // Nor does it change what is said of the others.
          expect(added(0, 3, -1, 1)).toBeCloseTo(added(0, -1, -1, -1) + added(-1, 3, -1, -1) + added(-1, -1, -1, 1), 4);
        });
      });
    });

    if (use.weight === 'alone') checkDocumented(name);
    else if (use.weight !== null) checkWeight(name, (options) => made(options), use.weight);
  });
}

/** Whether a label may be missing: the loss says so, or each of its terms that reads them does. */
function takesUnlabelled({ reads, allowsUnlabelled, terms }: Loss): boolean {
  if (!reads.labels || allowsUnlabelled === true) return reads.labels;
  const labelled = (terms ?? []).filter((term) => term.reads.labels);
  return labelled.length > 0 && labelled.every(takesUnlabelled);
}

/** What is thrown; a LimbeckError, or the test fails. */
function refusal(attempt: () => unknown): LimbeckError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof LimbeckError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

/** All that happens before the first step. */
function prepare(loss: Loss, shapes: LossShapes): void {
  checkShapes(loss, shapes);
  loss.parameters?.(shapes);
}

function mapKeys<T>(names: readonly string[], value: T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, value]));
}
