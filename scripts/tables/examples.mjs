import { duration } from '../figures.mjs';
import { bytes, figure, measuredOn, ms, table } from './markdown.mjs';

/** How far a student may be from its teacher, as a fraction of the teacher's value. */
const NEAR = 0.05;

/** Whether the student is near its teacher or better, and better than its control, whichever of two values its metric calls better. */
export function verdictOf({ better, teacherValue, studentValue, controlValue }) {
  const sign = better === 'lower' ? -1 : 1;
  const behind = (sign * (teacherValue - studentValue)) / Math.abs(teacherValue);
  const near = behind <= 0 ? 'no worse than its teacher' : `${figure(100 * behind)} % behind its teacher`;
  const isAbove = sign * (studentValue - controlValue) > 0;
  return `${near}${behind > NEAR ? ', more than 5 %' : ''}; ${isAbove ? 'better' : 'not better'} than its control`;
}

/** What one of the three reaches; of what listens, at how many false accepts, without which the share that it hears says little. */
function reachedBy(row, who) {
  const falseAccepts = row.falseAcceptsAnHour?.[who];
  const at = falseAccepts === undefined ? '' : ` at ${figure(falseAccepts)} false accepts an hour`;
  return `${figure(row[`${who}Value`])}${at}`;
}

/** Each worked example: what its student reaches, and what the same student reached that had no teacher. */
export function examplesTable(result) {
  return [
    `${measuredOn(result)}; means over three seeds on examples that nothing was chosen by:`,
    '',
    table(
      [
        'task',
        'metric',
        'teacher',
        'student',
        'control',
        'the control learned from',
        'student’s file',
        'an answer',
        'all of it',
      ],
      result.examples.map((row) => [
        row.task,
        `${row.metric} (${row.better} is better)`,
        ...['teacher', 'student', 'control'].map((who) => reachedBy(row, who)),
        row.control,
        bytes(row.studentBytes),
        ms(row.msPerExample),
        duration(row.ms),
      ]),
    ),
  ].join('\n');
}
