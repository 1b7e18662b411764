import type { Profile } from 'limbeck';
import { layBars, showAnswer } from './answerBars.ts';
import { LABELS, SIDE } from './digits.ts';
import { button, byId, setText } from './dom.ts';
import { inputOf, type Lesson } from './lesson.ts';
import { createPad, paintDigit } from './pad.ts';
import { once } from './work.ts';

/** Where a digit is drawn, answered and taught. */
export interface Desk {
  /** Asks the student about what is on the pad. */
  ask(): Promise<void>;
  clear(): Promise<void>;
}

/** Shown if learning would be refused: from a single label a student learns to answer only that. */
export const ONE_LABEL = 'Learning begins once two different digits are kept.';

/** `lessonNow` gives undefined until there is one. */
export function openDesk(lessonNow: () => Lesson | undefined): Desk {
  const pad = createPad(byId<HTMLCanvasElement>('pad'), () => void once(byId('pad'), drawn));
  /** What was taught about the digit on the pad. */
  let taught: { readonly id: string; readonly label: string } | undefined;
  let asked = 0;
  let samples = 0;

  layBars(LABELS);
  byId('labels').replaceChildren(
    ...LABELS.map((label) => {
      const place = button(label, () => void once(byId('labels'), () => teach(label)));
      place.setAttribute('aria-label', `It is a ${label}`);
      return place;
    }),
  );
  byId('clear').addEventListener('click', () => void once(byId('clear'), clear));
  byId('sample').addEventListener('click', () => void once(byId('sample'), showSample));

  async function clear(): Promise<void> {
    pad.clear();
    await drawn();
  }

  async function drawn(): Promise<void> {
    taught = undefined;
    setText(byId('taught'), 'Draw a digit, then press what it is.');
    const digit = pad.digit() ?? new Float32Array(SIDE * SIDE);
    paintDigit(byId<HTMLCanvasElement>('seen'), digit, getComputedStyle(document.body).color);
    await ask();
  }

  async function ask(): Promise<void> {
    const mine = ++asked;
    const digit = pad.digit();
    const profile = lessonNow()?.profile;
    if (digit === undefined || profile === undefined) {
      showAnswer(undefined, 0);
      return;
    }
    const [answer, { number }] = await Promise.all([profile.predict(inputOf(digit)), profile.current()]);
    // Something else may have been drawn since.
    if (mine === asked) showAnswer(answer, number);
  }

  async function teach(label: string): Promise<void> {
    const digit = pad.digit();
    const profile = lessonNow()?.profile;
    if (digit === undefined || profile === undefined) {
      setText(byId('taught'), 'There is nothing to teach yet: draw a digit first.');
    } else if (taught?.label === label) {
      setText(byId('taught'), `It is kept as a ${label} already.`);
    } else {
      const wrong = taught;
      const id = await profile.teach(inputOf(digit), label);
      taught = { id, label };
      if (wrong) await profile.forget(wrong.id);
      setText(
        byId('taught'),
        wrong ? `Corrected: it is a ${label}, not a ${wrong.label}.` : `Kept as a ${label}. Draw the next one.`,
      );
      if (!(await hasTwoLabels(profile))) setText(byId('learning'), ONE_LABEL);
    }
  }

  async function showSample(): Promise<void> {
    const holdout = lessonNow()?.digits.holdout;
    if (holdout === undefined) return;
    const { inputs } = await holdout.read(Int32Array.of(samples++ % holdout.size));
    pad.show(Float32Array.from(inputs['input']?.data ?? []));
    await drawn();
  }

  return { ask, clear };
}

export async function hasTwoLabels(profile: Profile): Promise<boolean> {
  return new Set((await profile.examples()).map(({ label }) => label)).size > 1;
}
