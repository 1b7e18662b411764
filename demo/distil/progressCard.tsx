import { useMemo } from 'preact/hooks';
import { duration, figures, percent } from '../format.ts';
import { Chart, type ChartLine } from '../frame/chart.tsx';
import { Bar, Card } from '../frame/parts.tsx';
import { NAMES, type Progress, type ProgressView, STEPS } from '../progress.ts';

/** The curves show the older epochs too. */
const MOST_ROWS = 6;

interface ProgressCardProps {
  readonly progress: Progress;
  /** Left out while nothing runs. */
  readonly cancel: (() => void) | undefined;
}

/** What happens in a run: its steps, and how the student learns. */
export function ProgressCard({ progress, cancel }: ProgressCardProps) {
  const view = progress.view.value;
  return (
    <Card id="progress" title="What happens">
      <p id="announcer" class="hidden" role="status">
        {view.announcement}
      </p>
      <ol class="steps">
        {STEPS.map((step) => {
          const { mood, detail, fraction } = view.steps[step];
          return (
            <li key={step} data-step={step} data-mood={mood}>
              <span class="name">{NAMES[step]}</span>
              <span class="mood">{mood}</span>
              <Bar fraction={mood === 'running' ? fraction : (fraction ?? 0)} label={NAMES[step]} />
              <p class="detail">{detail}</p>
            </li>
          );
        })}
      </ol>
      {/* On a narrow page the other one is out of sight. */}
      {cancel && (
        <button type="button" class="small danger narrow" onClick={cancel}>
          Stop
        </button>
      )}
      {(view.epochs.length > 0 || view.losses.at.length > 1) && <Live view={view} />}
    </Card>
  );
}

function Live({ view: { epochs, losses, planned } }: { readonly view: ProgressView }) {
  const hasLabels = epochs.some(({ accuracy }) => Number.isFinite(accuracy));
  // A chart draws anew when its arrays are others.
  const finished = useMemo(() => epochs.map(({ epoch }) => epoch), [epochs]);
  const held = useMemo((): ChartLine[] => {
    const agreement = { label: 'agreement', tone: 'agreement', values: epochs.map((one) => one.agreement) } as const;
    const values = epochs.map(({ accuracy }) => accuracy);
    return hasLabels ? [agreement, { label: 'accuracy', tone: 'student', isDashed: true, values }] : [agreement];
  }, [epochs]);
  const loss = useMemo((): ChartLine[] => [{ label: 'loss', tone: 'student', values: losses.loss }], [losses]);
  return (
    <div id="live" class="live">
      <div class="pair">
        <Chart
          title="Loss against the teacher’s answers"
          xLabel="epoch"
          x={losses.at}
          lines={loss}
          format={figures}
          xRange={[0, planned]}
          yRange={[0, 0]}
        />
        <Chart
          title="Held-out examples"
          xLabel="epoch"
          x={finished}
          lines={held}
          format={percent}
          xRange={[1, Math.max(2, planned)]}
        />
      </div>
      {epochs.length > 0 && (
        <table class="table epochs">
          <caption class="hidden">The newest epochs, latest first</caption>
          <thead>
            <tr>
              <th scope="col">Epoch</th>
              <th scope="col">Loss</th>
              {hasLabels && <th scope="col">Accuracy</th>}
              <th scope="col">Agreement</th>
              <th scope="col">Time</th>
            </tr>
          </thead>
          <tbody id="epoch-rows">
            {epochs
              .slice(-MOST_ROWS)
              .reverse()
              .map(({ epoch, loss, accuracy, agreement, ms }) => (
                <tr key={epoch}>
                  <th scope="row">{epoch}</th>
                  <td>{figures(loss)}</td>
                  {hasLabels && <td>{percent(accuracy)}</td>}
                  <td>{percent(agreement)}</td>
                  <td>{duration(ms)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
