import { bytes, figure, measuredOn, ms, percent, table } from './markdown.mjs';

const count = (value) => value.toLocaleString('en');
const seconds = (value) => `${figure(value / 1000)} s`;

/** Teacher and student of the main job, and what two starts took. */
export function startTable(result) {
  const { first, second } = result;
  const { teacher, student, examples } = first;
  const speed = (batch) => [
    `ms per example, ${batch === '1' ? 'alone' : `in a batch of ${batch}`}`,
    figure(teacher.msPerExample[batch]),
    `${figure(student.msPerExample[batch])} (${figure(teacher.msPerExample[batch] / student.msPerExample[batch])} times as fast)`,
  ];
  const epochs = (report, from) => report.epochs.slice(from).length;
  const { calls, computed, found } = second.teacher.usage;
  return [
    `${measuredOn(result)}, ${first.threads} threads, seed ${first.seed}. The teacher has never seen a handwritten digit, and no label reaches training:`,
    '',
    table(
      ['', 'teacher', 'student'],
      [
        ['model', teacher.name, `\`${student.name}\`, ${count(student.parameters)} parameters`],
        [
          `accuracy on ${count(examples.heldOut)} held-out digits`,
          percent(teacher.accuracy),
          `**${percent(student.accuracy)}**`,
        ],
        ['agreement with the teacher', '', percent(student.agreement)],
        ['bytes', bytes(teacher.bytes), `${bytes(student.bytes)} (1 / ${figure(teacher.bytes / student.bytes)})`],
        ...Object.keys(teacher.msPerExample).map(speed),
        [
          `first start: ${seconds(first.seconds * 1000)}, its student after ${seconds(first.command.studentMs)}`,
          `${count(first.teacher.usage.computed)} answers: ${seconds(first.timeMs.teacher)}`,
          `first epoch meanwhile; ${epochs(first, 1)} more: ${seconds(first.timeMs.train)}`,
        ],
        [
          `second start: ${seconds(second.seconds * 1000)}, its student after ${seconds(second.command.studentMs)}`,
          calls === 0 ? `not asked: ${count(found)} answers are in the store` : `${count(computed)} answers`,
          `${epochs(second, 0)} epochs over ${count(second.examples.learned)} digits: ${seconds(second.timeMs.teacher + second.timeMs.train)}`,
        ],
      ],
    ),
  ].join('\n');
}

const FORMS = { tfjs: 'tfjs, limbeck’s kernels', onnx: 'ONNX', int8: 'ONNX, int8', float16: 'ONNX, float16' };

/** The student as other engines run it. */
export function formsTable({ first }) {
  return table(
    ['form', 'accuracy', 'bytes', 'alone', 'in a batch of 32'],
    Object.entries(first.forms).map(([form, { accuracy, bytes: size, msPerExample }]) => [
      FORMS[form] ?? form,
      percent(accuracy),
      bytes(size),
      ms(msPerExample['1']),
      ms(msPerExample['32']),
    ]),
  );
}
