import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Bar, Card } from '../frame/parts.tsx';
import { distilStudent, SHORT_JOB } from '../personalStudent.ts';
import { attempt, begin } from './state.ts';

/** Offers to distil a student on this page. `?limit=` and `?epochs=` make it shorter or longer. */
export function NoStudent() {
  const told = useSignal('');
  const fraction = useSignal(0);
  const running = useSignal<AbortController | undefined>(undefined);
  const [start, stop] = [useRef<HTMLButtonElement>(null), useRef<HTMLButtonElement>(null)];
  const isRunning = running.value !== undefined;
  const wasRunning = useRef(false);
  useEffect(() => {
    // The focused button has been disabled.
    if (isRunning !== wasRunning.current) (isRunning ? stop : start).current?.focus({ preventScroll: true });
    wasRunning.current = isRunning;
  }, [isRunning]);
  const distil = async () => {
    const query = new URLSearchParams(location.search);
    const numberOf = (name: 'limit' | 'epochs') => Number(query.get(name) ?? SHORT_JOB[name]);
    const options = { ...SHORT_JOB, limit: numberOf('limit'), epochs: numberOf('epochs') };
    const controller = new AbortController();
    running.value = controller;
    fraction.value = 0;
    const emit = (sentence: string, done?: number) => {
      told.value = sentence;
      if (done !== undefined) fraction.value = done;
    };
    try {
      await begin(await distilStudent(options, emit, controller.signal));
    } catch (error) {
      if (!controller.signal.aborted) throw error;
      told.value = 'Stopped. What the teacher answered is kept.';
    } finally {
      running.value = undefined;
    }
  };
  return (
    <Card id="no-student" title="There is no student yet">
      <p>
        It is distilled in this browser from a larger model. The short way, 1,600 digits and 4 epochs, takes about a
        minute. The long way, with live figures, is on <a href="./index.html">the Distil page</a>.
      </p>
      <div class="buttons">
        <button
          ref={start}
          id="distil"
          class="main"
          type="button"
          disabled={isRunning}
          onClick={() => void attempt(distil)}
        >
          Distil a student here
        </button>
        <button
          ref={stop}
          id="stop-distil"
          class="danger"
          type="button"
          disabled={!isRunning}
          onClick={() => running.value?.abort()}
        >
          Stop
        </button>
      </div>
      {isRunning && <Bar id="distil-progress" fraction={fraction.value} label="Distilling" />}
      <p id="distil-text" class="detail" role="status">
        {told.value}
      </p>
    </Card>
  );
}
