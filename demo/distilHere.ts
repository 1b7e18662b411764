import { byId, setText } from './dom.ts';
import { distilStudent, type FoundStudent, SHORT_JOB } from './personalStudent.ts';
import { once, showError } from './work.ts';

/**
 * Offers to distil a student on this page and shows its progress. `?limit=` and `?epochs=` make it shorter or longer.
 */
export function offerDistilling(onDistilled: (found: FoundStudent) => Promise<void>): void {
  const [start, stop] = [byId<HTMLButtonElement>('distil'), byId<HTMLButtonElement>('stop-distil')];
  const bar = byId<HTMLProgressElement>('distil-progress');
  const query = new URLSearchParams(location.search);
  const numberOf = (name: 'limit' | 'epochs') => Number(query.get(name) ?? SHORT_JOB[name]);
  start.addEventListener('click', () => void once(start, distil));

  async function distil(): Promise<void> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    stop.addEventListener('click', abort);
    setRunning(true);
    try {
      const options = { ...SHORT_JOB, limit: numberOf('limit'), epochs: numberOf('epochs') };
      const emit = (sentence: string, fraction?: number) => {
        setText(byId('distil-text'), sentence);
        if (fraction !== undefined) bar.value = fraction;
      };
      await onDistilled(await distilStudent(options, emit, controller.signal));
    } catch (error) {
      if (controller.signal.aborted) setText(byId('distil-text'), 'Stopped. What the teacher answered is kept.');
      else showError(error);
    } finally {
      stop.removeEventListener('click', abort);
      setRunning(false);
    }
  }

  function setRunning(isRunning: boolean): void {
    bar.hidden = !isRunning;
    stop.disabled = !isRunning;
    start.disabled = isRunning;
    // The focused element has been disabled.
    (isRunning ? stop : start).focus({ preventScroll: true });
  }
}
