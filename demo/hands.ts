import type { NdArray, Student, Trainer } from 'limbeck';
import { type loadDigits, SIDE } from './digits.ts';
import { button, byId, setText } from './dom.ts';
import { countOf, duration, percent } from './format.ts';
import { type HandTrial, type Person, people, tryHand, type Writing, writeAs, writtenBy } from './handTrial.ts';
import { html } from './markup.ts';
import { paintDigit } from './pad.ts';

export interface HandsOptions {
  readonly student: Student;
  readonly trainer: Trainer;
  readonly digits: Awaited<ReturnType<typeof loadDigits>>;
  /** Teaches the profile a handwriting's digits. */
  readonly keep: (person: Person, writing: Writing) => Promise<void>;
  readonly onFailed: (error: unknown) => void;
}

/** Which digit shows a handwriting, and how many are searched for it. */
const SHOWN = 4;
const LOOKED_AT = 100;

/** Fills the section of the ten handwritings. */
export async function showHands(options: HandsOptions): Promise<void> {
  byId('trial-rows').replaceChildren();
  byId('trials').hidden = true;
  const { inputs, labels } = await options.digits.holdout.read(Int32Array.from({ length: LOOKED_AT }, (_, i) => i));
  const from = labels.indexOf(SHOWN) * SIDE ** 2;
  const digit = Float32Array.from((inputs['input'] as NdArray).data.subarray(from, from + SIDE ** 2));
  byId('hands').replaceChildren(...people.map((person) => handButton(person, writtenBy(person, digit), options)));
}

function handButton(person: Person, digit: Float32Array, options: HandsOptions): HTMLButtonElement {
  const place = button('', () => void trial(person, options).catch(options.onFailed));
  const picture = document.createElement('canvas');
  picture.setAttribute('aria-hidden', 'true');
  paintDigit(picture, digit, getComputedStyle(document.body).color);
  place.append(picture, person.name);
  return place;
}

async function trial(person: Person, options: HandsOptions): Promise<void> {
  const buttons = [...byId('hands').querySelectorAll('button')];
  const pressed = document.activeElement;
  for (const one of buttons) one.disabled = true;
  try {
    const text = byId('hand-text');
    setText(text, `“${person.name}” writes…`);
    const writing = await writeAs(person, options.digits, Number(byId<HTMLSelectElement>('per-class').value));
    const startedAt = performance.now();
    const { student, trainer, digits } = options;
    const found = await tryHand(student, trainer, writing, digits.data, (fraction) =>
      setText(text, `“${person.name}”: learned ${Math.round(100 * fraction)}\u00a0%…`),
    );
    const { own, plain } = found;
    setText(
      text,
      `“${person.name}”, ${countOf(found.examples, 'example')}: of ${found.scored} others the student read ` +
        `${percent(own.before)}, and reads ${percent(own.after)} now; of everybody’s it read ${percent(plain.before)}, ` +
        `and reads ${percent(plain.after)}. It took ${duration(performance.now() - startedAt)}.`,
    );
    byId('trial-rows').prepend(trialRow(person, writing, found, options));
    byId('trials').hidden = false;
  } finally {
    for (const one of buttons) one.disabled = false;
    // The focused element loses the focus when it is disabled.
    if (pressed instanceof HTMLElement && byId('hands').contains(pressed)) pressed.focus({ preventScroll: true });
  }
}

function trialRow(
  person: Person,
  writing: Writing,
  { own, plain, report, examples }: HandTrial,
  options: HandsOptions,
) {
  const row = document.createElement('tr');
  row.innerHTML =
    html`<th scope="row">${person.name} (${examples})</th><td>${percent(own.before)}</td><td class="${own.after > own.before ? 'better' : ''}">${percent(own.after)}</td><td>${percent(plain.before)}</td><td>${percent(plain.after)}</td><td class="wide">${report.verdict.isAccepted ? 'Accepted. ' : 'Refused. '}${report.verdict.why}</td>`.markup;
  const keep = button('Keep', () => {
    keep.disabled = true;
    options.keep(person, writing).catch(options.onFailed);
  });
  keep.setAttribute('aria-label', `Teach the ${examples} examples of “${person.name}” for good`);
  const cell = document.createElement('td');
  cell.append(keep);
  row.append(cell);
  return row;
}
