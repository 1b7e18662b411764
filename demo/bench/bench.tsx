import './bench.css';
import { useEffect } from 'preact/hooks';
import { timeLeft } from '../format.ts';
import { ErrorBox } from '../frame/errorBox.tsx';
import { openFrame } from '../frame/openFrame.tsx';
import { Card, Working } from '../frame/parts.tsx';
import { errorOf } from '../frame/plainError.ts';
import { Gallery } from './gallery.tsx';
import { reportInAddress } from './link.ts';
import { doneFraction, error, isRunning, report, rows, show, start, startedAt, stop } from './measure.ts';
import { Results } from './results.tsx';
import * as setup from './setup.ts';
import { SetupForm } from './setupForm.tsx';
import { ShareCard } from './shareCard.tsx';

function Bench() {
  useEffect(() => {
    reportInAddress().then(
      (given) => given && show(given),
      (problem: unknown) => {
        error.value = errorOf(problem);
      },
    );
  }, []);
  return (
    <div class="stack bench">
      {!isRunning.value && <SetupForm />}
      <StartCard />
      <ErrorBox error={error.value} />
      <Results rows={rows.value} report={report.value} />
      {report.value && <ShareCard key={report.value.date} report={report.value} />}
      <Gallery />
    </div>
  );
}

function StartCard() {
  const { value: obstacle } = setup.obstacle;
  const { value: fraction } = doneFraction;
  const spentMs = performance.now() - startedAt.value;
  return (
    <Card id="start" title="Measure">
      {isRunning.value ? (
        <Working
          stage={fraction === 0 ? 'Opening the backends' : 'Measuring'}
          fraction={fraction || undefined}
          detail={fraction > 0.03 ? timeLeft((spentMs / fraction) * (1 - fraction)) : ''}
          onCancel={stop}
        />
      ) : (
        <>
          <div class="buttons">
            <button type="button" class="main" disabled={obstacle !== undefined} onClick={() => void start()}>
              Measure on this device
            </button>
          </div>
          <p class="hint" role="status">
            {obstacle ??
              'Close what else computes on this device, and leave this tab in front: both change the figures.'}
          </p>
        </>
      )}
    </Card>
  );
}

openFrame(<Bench />);
