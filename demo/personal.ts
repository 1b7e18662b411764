import './style.css';
import './personal.css';
import type { Profile, ProfileEvent } from 'limbeck';
import { hasTwoLabels, ONE_LABEL, openDesk } from './desk.ts';
import { LABELS } from './digits.ts';
import { offerDistilling } from './distilHere.ts';
import { button, byId, setText } from './dom.ts';
import { countOf } from './format.ts';
import { openFrame } from './frame/openFrame.tsx';
import { showHands } from './hands.ts';
import type { Person, Writing } from './handTrial.ts';
import { offerFiles } from './keptFiles.ts';
import { inputOf, type Lesson, openLesson } from './lesson.ts';
import { wipePersonalStore } from './personalStore.ts';
import { type FoundStudent, findStudent } from './personalStudent.ts';
import { inWords, showTaught } from './taught.ts';
import { attempt, once, type PlainError, showError } from './work.ts';

type State = 'opening' | 'no-student' | 'ready' | 'failed';

declare global {
  interface Window {
    /** For whoever drives the page. */
    limbeckPersonal: { state: State; error?: PlainError };
  }
}

openFrame();
const page: Window['limbeckPersonal'] = { state: 'opening' };
window.limbeckPersonal = page;

let lesson: Lesson | undefined;
const desk = openDesk(() => lesson);
offerFiles(() => lesson?.profile);
offerDistilling(begin);
for (const [id, work] of [['learn', learn] as const, ['destroy', destroyEverything] as const]) {
  byId(id).addEventListener('click', () => void once(byId(id), work));
}
void findStudent()
  .then((found) => (found === undefined ? setState('no-student') : begin(found)))
  .catch(fail);

async function begin(found: FoundStudent): Promise<void> {
  try {
    lesson = await openLesson(found.student, heard);
  } catch (error) {
    fail(error);
    return;
  }
  const { profile, place, trainer, student, digits } = lesson;
  setText(byId('student'), found.about);
  setText(byId('place'), place.about);
  const { backend, threads, notices } = trainer.description;
  const workplace = `It learns in a worker, on ${backend}, with ${countOf(threads, 'thread')}.`;
  setText(byId('workplace'), [workplace, ...notices].join(' '));
  const { number, report } = await profile.current();
  if (number > 0) setText(byId('learning'), `Version ${number}: ${inWords(report)}`);
  await Promise.all([refresh(), showHands({ student, trainer, digits, keep: keepHand, onFailed: showError })]);
  setState('ready');
}

async function learn(): Promise<void> {
  if (lesson === undefined) return;
  const { profile } = lesson;
  if (!(await hasTwoLabels(profile))) {
    setText(byId('learning'), ONE_LABEL);
    return;
  }
  const run = profile.learn();
  for await (const event of run) heard(event);
  await run.done;
}

/** Of requested learning, automatic learning, and other tabs. */
function heard(event: ProfileEvent): void {
  const text = byId('learning');
  const bar = byId<HTMLProgressElement>('learning-progress');
  const say = (sentence: string) => {
    setText(text, sentence);
    bar.hidden = event.type !== 'started';
  };
  if (event.type === 'started') {
    bar.removeAttribute('value');
    say(`Learning from ${countOf(event.examples, 'example')}…`);
  }
  if (event.type === 'progress') bar.value = event.step / (event.steps ?? event.step);
  if (event.type === 'learned') say(`Version ${event.version.number}: ${inWords(event.version.report)}`);
  if (event.type === 'not-applied') say(`Nothing was changed. ${event.why}`);
  if (event.type === 'notice') say(/All examples are of class/.test(event.message) ? ONE_LABEL : event.message);
  if (event.type === 'destroyed') {
    lesson = undefined;
    say('Everything was destroyed in another tab. Reload this page to begin again.');
  }
  if (event.type === 'changed') void attempt(() => Promise.all([refresh(), desk.ask()]));
}

let isShowing = false;
let isStale = false;

/** Shows the current lists, one update at a time. */
async function refresh(): Promise<void> {
  isStale = true;
  if (isShowing) return;
  isShowing = true;
  try {
    while (isStale && lesson !== undefined) {
      isStale = false;
      const { profile } = lesson;
      const focused = document.activeElement?.closest<HTMLElement>('.scroll');
      await showTaught(profile, {
        forget: ({ id }) => void attempt(() => profile.forget(id)),
        rollback: (number) => void attempt(() => goBack(profile, number)),
      });
      // The button that had the focus may be gone with its row.
      if (focused && document.activeElement === document.body) {
        focused.tabIndex = -1;
        focused.focus({ preventScroll: true });
      }
    }
  } finally {
    isShowing = false;
  }
}

async function goBack(profile: Profile, number: number): Promise<void> {
  await profile.rollback(number);
  const answers = number === 0 ? 'The student as it was distilled' : `Version ${number}`;
  setText(byId('learning'), `${answers} answers now, until something new is taught.`);
}

async function keepHand({ name }: Person, { own }: Writing): Promise<void> {
  const seen = new Map<number, number>();
  for (const { digit, label } of own) {
    const nth = (seen.get(label) ?? 0) + 1;
    seen.set(label, nth);
    // With an id, keeping the same digit again gives the same example.
    await lesson?.profile.teach(inputOf(digit), LABELS[label] ?? '', { id: `${name}: ${label}, ${nth}` });
  }
}

async function destroyEverything(): Promise<void> {
  const before = lesson;
  lesson = undefined;
  await before?.profile.destroy();
  await before?.place.close();
  await wipePersonalStore();
  if (before === undefined) {
    location.reload();
    return;
  }
  lesson = await before.anew();
  setText(byId('learning'), 'Nothing yet.');
  byId('kept-files').replaceChildren();
  setText(byId('kept-note'), 'Everything was destroyed: examples, versions and their key.');
  await Promise.all([desk.clear(), refresh()]);
}

function setState(state: State): void {
  page.state = state;
  document.documentElement.dataset['state'] = state;
  byId('no-student').hidden = state !== 'no-student';
  byId('lesson').hidden = state !== 'ready';
}

function fail(error: unknown): void {
  setState('failed');
  page.error = showError(error);
  const { code = '' } = page.error;
  if (!code.startsWith('store-') && code !== 'profile-invalid') return;
  const destroy = button('Destroy everything that was taught', () => void attempt(destroyEverything));
  byId('error').firstElementChild?.append(destroy);
}
