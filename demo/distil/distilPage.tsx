import type { Signal } from '@preact/signals';
import type { StudentArtifacts } from 'limbeck';
import { toFiles } from 'limbeck';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Device } from '../device.tsx';
import { ErrorBox } from '../frame/errorBox.tsx';
import { Card } from '../frame/parts.tsx';
import type { PlainError } from '../frame/plainError.ts';
import type { Keep } from '../keep.ts';
import { showDownloads, studentDownloads } from '../outcome.ts';
import type { Progress } from '../progress.ts';
import { ProgressCard } from './progressCard.tsx';
import { hasKernels, missing } from './setup.ts';
import { SetupForm } from './setupForm.tsx';

/** What is left of a run that did not end well. */
export interface Left {
  readonly title: string;
  readonly sentence: string;
  readonly artifacts: StudentArtifacts | undefined;
  /** Whether it can go on from there. */
  readonly canGoOn: boolean;
}

export interface DistilPageProps {
  readonly state: Signal<'idle' | 'running' | 'done' | 'cancelled' | 'failed'>;
  readonly isStopping: Signal<boolean>;
  readonly notices: Signal<readonly string[]>;
  readonly error: Signal<PlainError | undefined>;
  readonly left: Signal<Left | undefined>;
  readonly progress: Progress;
  readonly keeping: Promise<Keep>;
  readonly start: () => void;
  readonly goOn: () => void;
  readonly cancel: () => void;
}

/** The settings of a run beside what happens in it. */
export function DistilPage(props: DistilPageProps) {
  const { state, isStopping, notices, error, left, progress, keeping, start, goOn, cancel } = props;
  const isRunning = state.value === 'running';
  const [startButton, stopButton] = [useRef<HTMLButtonElement>(null), useRef<HTMLButtonElement>(null)];
  const hadFocus = useRef(false);
  const form = useRef<HTMLFormElement>(null);
  // A button that is disabled loses the focus, which the other one takes.
  hadFocus.current = form.current?.contains(document.activeElement) === true;
  useLayoutEffect(() => {
    // On a narrow page what happens lies below the settings.
    if (isRunning && hadFocus.current && matchMedia('(max-width: 59.99rem)').matches) {
      document.getElementById('progress')?.scrollIntoView();
    }
    if (hadFocus.current) (isRunning ? stopButton : startButton).current?.focus({ preventScroll: true });
  }, [isRunning]);
  return (
    <>
      <Device keeping={keeping} />
      <div class="bench">
        <form
          ref={form}
          id="controls"
          aria-label="The run"
          onSubmit={(event) => {
            event.preventDefault();
            start();
          }}
        >
          <fieldset id="settings" class="stack" disabled={isRunning}>
            <legend class="hidden">Settings</legend>
            <SetupForm />
          </fieldset>
          <div class="start">
            {missing.value && <p class="hint">{missing.value}</p>}
            <div class="buttons">
              <button
                ref={startButton}
                id="start"
                class="main"
                type="submit"
                disabled={isRunning || missing.value !== undefined}
              >
                Start
              </button>
              <button ref={stopButton} id="stop" class="danger" type="button" disabled={!isRunning} onClick={cancel}>
                {isStopping.value ? 'Stopping…' : 'Stop'}
              </button>
            </div>
          </div>
        </form>
        <div class="work stack">
          <ErrorBox error={error.value} title="The run failed" />
          <div id="notices" role="status">
            {notices.value.length > 0 && (
              <div class="note-box">
                <ul class="notices">
                  {notices.value.map((notice) => (
                    <li key={notice}>{notice}</li>
                  ))}
                </ul>
                {isRunning && !hasKernels.value && (
                  <button
                    id="kernels-on"
                    type="button"
                    class="small danger"
                    onClick={() => {
                      hasKernels.value = true;
                      cancel();
                    }}
                  >
                    Stop and turn kernels on
                  </button>
                )}
              </div>
            )}
          </div>
          {left.value && <LeftCard left={left.value} goOn={goOn} />}
          <ProgressCard progress={progress} cancel={isRunning ? cancel : undefined} />
        </div>
      </div>
    </>
  );
}

function LeftCard({ left, goOn }: { readonly left: Left; readonly goOn: () => void }) {
  const files = useRef<HTMLDivElement>(null);
  const { artifacts } = left;
  useEffect(() => {
    const place = files.current;
    if (place === null) return;
    if (artifacts === undefined) place.replaceChildren();
    else showDownloads(place, studentDownloads(toFiles(artifacts)));
  }, [artifacts]);
  return (
    <Card id="kept" title={left.title}>
      <p id="kept-text">{left.sentence}</p>
      {left.canGoOn && (
        <div class="buttons">
          <button id="go-on" type="button" class="main" onClick={goOn}>
            Go on from here
          </button>
        </div>
      )}
      <div ref={files} id="kept-files" />
    </Card>
  );
}
