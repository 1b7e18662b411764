import { describe, expect, test } from 'vitest';
import { percent } from '../core/figures.ts';
import { logProbsOf } from '../core/logProbs.ts';
import { seededRandom } from '../core/random.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { calibrated } from '../teacher/calibrated.ts';
import { fromFunction } from '../teacher/fromFunction.ts';
import { CLASSES, EXAMPLES, labelled, labelsOf, logitsOf, makeTeacher, points } from './distillCases.ts';
import { type InspectTeacherEvent, inspectTeacher } from './inspectTeacher.ts';

const many = points(400, 7);
const data = fromArrays(many);
const right = fromArrays(many, labelsOf(many));

/** A teacher that knows the truth, modified. */
const changed = (change: (logits: NdArray) => NdArray, name = 'fake') => {
  const { teacher } = makeTeacher((input) => ({ logits: change(logitsOf(input)) }));
  return { ...teacher, description: { ...teacher.description, name } };
};

const scaledBy = (factor: number, name?: string) =>
  changed(({ data: logits, shape }) => ({ data: logits.map((logit) => factor * logit), shape }), name);

/** Points with labels drawn from the teacher's own distribution. */
const drawn = (() => {
  const random = seededRandom(4);
  const these = points(3000, 8);
  const probs = logProbsOf(logitsOf(these)).map(Math.exp);
  const labels = Array.from({ length: 3000 }, (_, i) => {
    const [a = 0, b = 0] = probs.subarray(i * CLASSES);
    const at = random();
    return at < a ? 0 : at < a + b ? 1 : 2;
  });
  return fromArrays(these, labels);
})();

describe('an inspection', () => {
  test('asks once about every example and reports its progress', async () => {
    const { teacher, batches } = makeTeacher();
    const run = inspectTeacher(teacher, labelled, { batchSize: 20 });
    const events: InspectTeacherEvent[] = [];
    for await (const event of run) events.push(event);
    expect(events).toEqual([20, 40, EXAMPLES].map((answered) => ({ type: 'teacher', answered, total: EXAMPLES })));
    expect(batches).toEqual([20, 20, 8]);
    const report = await run.done;
    expect(report).toMatchObject({ examples: EXAMPLES, classes: CLASSES, disagreements: [] });
    expect(report.teachers[0]?.truth?.accuracy).toBe(1);
  });

  test('reads every example once, with its label', async () => {
    const read: number[] = [];
    const watched = {
      ...labelled,
      read: (indices: Int32Array) => {
        read.push(...indices);
        return labelled.read(indices);
      },
    };
    const { teachers } = await inspectTeacher(makeTeacher().teacher, watched).done;
    expect(read).toEqual(Array.from({ length: EXAMPLES }, (_, i) => i));
    expect(teachers[0]?.truth?.accuracy).toBe(1);
  });

  test('says nothing about truth without labels', async () => {
    const { teachers } = await inspectTeacher(makeTeacher().teacher, data).done;
    expect(teachers[0]?.truth).toBeUndefined();
  });

  test('compares several teachers, with a given output and its kind', async () => {
    const probsOf = (input: NdArray): NamedArrays => {
      const { data: logits, shape } = logitsOf(input);
      return { p: { data: Float32Array.from(logProbsOf({ data: logits, shape }), Math.exp), shape } };
    };
    const first = makeTeacher(probsOf).teacher;
    const opposite = makeTeacher((input) => {
      const { p } = probsOf(input);
      const turned = Float32Array.from(
        p?.data ?? [],
        (_, at) => p?.data[at - (at % CLASSES) + ((at + 1) % CLASSES)] as number,
      );
      return { p: { data: turned, shape: p?.shape ?? [] } };
    }).teacher;
    const report = await inspectTeacher([first, opposite], right, { output: 'p', given: 'probs' }).done;
    expect(report.teachers.map(({ truth }) => truth?.accuracy)).toEqual([1, 0]);
    expect(report.disagreements).toMatchObject([{ teachers: [0, 1], fraction: 1 }]);
    expect(report.findings).toContainEqual(expect.stringContaining('fake and fake name different classes for 100 %'));
  });

  test('is cancelled while the teacher answers', async () => {
    const controller = new AbortController();
    const { teacher, batches } = makeTeacher((input) => {
      controller.abort();
      return { logits: logitsOf(input) };
    });
    const run = inspectTeacher(teacher, data, { signal: controller.signal });
    await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
    expect(batches.length).toBeLessThan(3);
  });
});

describe('the findings', () => {
  const findingsOf = async (...args: Parameters<typeof inspectTeacher>) =>
    (await inspectTeacher(...args).done).findings;

  test('are none for a calibrated teacher', async () => {
    expect(await findingsOf(makeTeacher().teacher, drawn)).toEqual([]);
  });

  test('name an overconfident teacher, and the temperature that helps', async () => {
    const report = await inspectTeacher(scaledBy(60, 'bold'), drawn).done;
    const { fitted, accuracy = 0, calibrationError = 0 } = report.teachers[0]?.truth ?? {};
    const right = percent(accuracy);
    expect(report.findings).toEqual([
      expect.stringMatching(
        /^bold: 99\.\d+ % sure on average: at temperature 1 its answers are hardly more than labels/,
      ),
      expect.stringMatching(
        new RegExp(
          `^bold: 99\\.\\d+ % sure on average, but right in ${right}\\. calibrated\\(teacher, [56]\\d(\\.\\d)?\\) takes`,
        ),
      ),
    ]);
    // The labels are drawn at 1 / 60 of these logits.
    expect(fitted?.temperature).toBeGreaterThan(55);
    expect(fitted?.temperature).toBeLessThan(65);
    const cooled = await inspectTeacher(calibrated(scaledBy(60), fitted?.temperature ?? 0), drawn).done;
    expect(cooled.findings).toEqual([]);
    expect(cooled.teachers[0]?.truth?.calibrationError).toBeCloseTo(fitted?.calibrationError.after ?? 0, 3);
    expect(cooled.teachers[0]?.truth?.calibrationError).toBeLessThan(calibrationError / 5);
    expect(cooled.teachers[0]?.truth?.fitted?.temperature).toBeCloseTo(1, 3);
  });

  test('say so if no temperature helps', async () => {
    // One label in ten is wrong, for sure answers as for others.
    const noisy = fromArrays(
      many,
      labelsOf(many).map((label, i) => (i % 10 === 0 ? (label + 1) % CLASSES : label)),
    );
    expect(await findingsOf(makeTeacher().teacher, noisy)).toEqual([
      expect.stringMatching(/sure on average, but right in 90 %\. No temperature mends that: with the likeliest, /),
    ]);
  });

  test('name answers that are nearly even, and seldom confident', async () => {
    const findings = await findingsOf(scaledBy(0.05), data);
    expect(findings).toEqual([
      expect.stringContaining('its answers are close to even (99'),
      expect.stringContaining('100 % of its answers are less than 50 % sure. confident(…, { least: 0.5 })'),
    ]);
  });

  test('name a constant answer, and nothing else', async () => {
    const constant = changed(({ shape }) => ({
      data: new Float32Array((shape[0] as number) * CLASSES).fill(2),
      shape,
    }));
    expect(await findingsOf(constant, data)).toEqual([
      expect.stringContaining('fake: the same answer for every example'),
    ]);
  });

  test('name NaN answers', async () => {
    const broken = changed(({ data: logits, shape }) => {
      logits[1] = Number.NaN;
      return { data: logits, shape };
    });
    const findings = await findingsOf(broken, data, { batchSize: 100 });
    expect(findings).toEqual([expect.stringContaining('4 of 400 answers hold NaN or infinite values')]);
  });

  test('name a dominant class, and missing ones', async () => {
    const oneClass = changed(({ data: logits, shape }) => ({
      data: logits.map((logit, at) => logit + (at % CLASSES === 2 ? 30 : 0)),
      shape,
    }));
    expect(await findingsOf(oneClass, right)).toEqual([
      expect.stringContaining('hardly more than labels'),
      expect.stringContaining('class 2 is 100 % of its answers'),
      expect.stringContaining('it never names classes 0, 1 of 3 classes'),
      expect.stringContaining('where guessing gives 33.3 %'),
      expect.stringContaining('much weaker than elsewhere on classes 0, 1 (0 %, 0 % right)'),
    ]);
  });

  test('name a teacher of noise by the labels, however confident it is', async () => {
    const random = seededRandom(3);
    const noise = changed(({ data: logits, shape }) => ({ data: logits.map(() => 4 * random()), shape }));
    expect(await findingsOf(noise, right)).toContainEqual(expect.stringContaining('where guessing gives 33.3 %'));
  });

  test('name probabilities that were said to be logits', async () => {
    const probs = changed(({ shape }) => ({
      data: Float32Array.from({ length: (shape[0] as number) * CLASSES }, (_, at) => [0.7, 0.2, 0.1][at % 3] as number),
      shape,
    }));
    const pinned = await findingsOf(probs, data, { given: 'logits' });
    expect(pinned).toContainEqual(expect.stringContaining('were read as logits, as "given" says'));
    expect(await findingsOf(probs, data)).toContainEqual(expect.stringContaining('are probabilities, not logits'));
  });

  test('name redundant teachers', async () => {
    const findings = await findingsOf([scaledBy(1, 'a'), scaledBy(2, 'b')], data);
    expect(findings).toEqual(['a and b name the same class for every example: one of them is enough.']);
  });
});

describe('is refused', () => {
  const { teacher } = makeTeacher();
  const give = (shape: number[]) =>
    makeTeacher(({ shape: [count = 0] }) => {
      const all = [count, ...shape];
      return { logits: { data: new Float32Array(all.reduce((a, b) => a * b, 1)), shape: all } };
    }).teacher;

  test.each<[string, Parameters<typeof inspectTeacher>]>([
    ['invalid-option', [[], data]],
    ['invalid-option', [{} as never, data]],
    ['invalid-option', [teacher, {} as never]],
    ['invalid-option', [teacher, data, { confidence: 2 }]],
    ['invalid-option', [teacher, data, { batchSize: 0 }]],
    ['invalid-option', [teacher, data, { given: 'logProbs' as never }]],
    ['invalid-option', [teacher, data, { labels: [] } as never]],
    ['empty-dataset', [teacher, fromArrays(points(0, 1))]],
    ['unknown-output', [teacher, data, { output: 'probs' }]],
    ['class-mismatch', [teacher, fromArrays(many, new Array(400).fill(CLASSES))]],
    ['shape-mismatch', [give([5, CLASSES]), data]],
    ['shape-mismatch', [give([]), data]],
    ['shape-mismatch', [give([1]), data]],
    ['shape-mismatch', [[teacher, give([CLASSES + 1])], data]],
  ])('%s', async (code, args) => {
    await expect(inspectTeacher(...args).done).rejects.toMatchObject({ name: 'LimbeckError', code });
  });

  test('with what the teacher itself says', async () => {
    const failing = fromFunction(() => Promise.reject(new Error('no')), { name: 'broken' });
    await expect(inspectTeacher(failing, data).done).rejects.toMatchObject({ code: 'teacher-failed' });
  });
});
