import './federate.css';
import { effect } from '@preact/signals';
import { ErrorBox } from '../frame/errorBox.tsx';
import { openFrame } from '../frame/openFrame.tsx';
import { Card, Working } from '../frame/parts.tsx';
import type { PlainError } from '../frame/plainError.ts';
import { Outcome } from './outcome.tsx';
import { takeSeat } from './seat.ts';
import * as setup from './setup.ts';
import { SetupForm } from './setupForm.tsx';
import * as page from './state.ts';

declare global {
  interface Window {
    /** For whoever drives the page. */
    limbeckFederate: {
      readonly state: page.State;
      readonly rounds: readonly page.Round[];
      readonly error?: PlainError;
      readonly setup: typeof setup;
      join(): void;
      leave(): void;
    };
  }
}

function FederatePage() {
  const { value: state } = page.state;
  const isWorking = state === 'joining' || state === 'running';
  const isSetup = !isWorking && state !== 'opening';
  // What came out is looked at first.
  const hasOutcome = page.rounds.value.length > 0;
  return (
    <div class="stack">
      <ErrorBox error={page.error.value} />
      {isSetup && !hasOutcome && <SetupForm />}
      <StartCard isWorking={isWorking} />
      <Outcome />
      {isSetup && hasOutcome && <SetupForm />}
    </div>
  );
}

function StartCard({ isWorking }: { readonly isWorking: boolean }) {
  const { value: agreement } = page.agreement;
  const { value: round } = page.round;
  const { value: obstacle } = setup.obstacle;
  if (page.state.value === 'opening') return null;
  if (isWorking) {
    const where = round > 0 ? `Round ${round} of ${agreement?.rounds}. ` : '';
    const how = agreement ? `${setup.strategyTitle(agreement.strategy)}, as ${page.self.value}. ` : '';
    return (
      <Card id="work" title="This tab takes part">
        <Working
          stage={page.stage.value}
          fraction={round > 0 && agreement ? (round - 1) / agreement.rounds : undefined}
          detail={`${where}${how}${page.news.value}${page.leads.value ? ' This tab also aggregates.' : ''}`}
          onCancel={page.leave}
          cancel="Leave"
        />
        <p class="buttons">
          <AnotherTab />
        </p>
      </Card>
    );
  }
  return (
    <Card id="start" title="Take part">
      <div class="buttons">
        <button type="button" class="main" disabled={obstacle !== undefined} onClick={() => void page.join()}>
          Join
        </button>
        <AnotherTab />
        {setup.place.value === 'tabs' && (
          <button type="button" disabled={obstacle !== undefined} onClick={() => void page.beginAnew()}>
            Begin another federation
          </button>
        )}
      </div>
      <p class="hint" role="status">
        {obstacle ?? <Afterwards />}
      </p>
    </Card>
  );
}

/** What to know before joining, or after it. */
function Afterwards() {
  if (page.state.value !== 'done') {
    return (
      <>Nothing begins before a second one joins. Whoever is first decides how they learn, and for how many rounds.</>
    );
  }
  if (page.hasLeft.value) return <>You have left. The others go on, and you may join again.</>;
  return (
    <>
      This federation is over, and everybody who joins gets what it has learned.{' '}
      {setup.place.value === 'nats' && 'To begin another on the server, give it another name.'}
    </>
  );
}

function AnotherTab() {
  if (setup.place.value !== 'tabs') return null;
  return (
    <a class="button" href="./federate.html" target="_blank" rel="noopener">
      Open another tab
    </a>
  );
}

effect(() => {
  window.limbeckFederate = {
    ...{ state: page.state.value, rounds: page.rounds.value, setup },
    ...(page.error.value && { error: page.error.value }),
    join: () => void page.join(),
    leave: page.leave,
  };
  document.documentElement.dataset['state'] = page.state.value;
});
openFrame(<FederatePage />);
void takeSeat().then(() => {
  page.state.value = 'idle';
});
