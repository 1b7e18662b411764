import { count, figures, percent, timeLeft } from '../core/figures.ts';
import type { Run } from '../core/run.ts';
import { faultText, oneLine } from './printable.ts';
import type { Progress } from './progress.ts';

/** What runs tell, as far as a command shows it. */
interface ShownEvent {
  readonly type: string;
  readonly message?: string;
  readonly looked?: number;
  readonly answered?: number;
  readonly total?: number;
  readonly examplesPerSecond?: number;
  readonly remainingMs?: number;
  readonly runStep?: number;
  readonly runSteps?: number;
  readonly loss?: number;
  readonly holdout?: Readonly<Record<string, number>>;
}

/** Shows a run's progress until it ends, and gives its result. Throws what the run throws. */
export async function showRun<Result>(run: Run<Result, ShownEvent>, progress: Progress): Promise<Result> {
  let measured = '';
  for await (const event of run) {
    const { type, message, looked, answered, total = 0, runStep, runSteps = 0, loss, holdout } = event;
    const rate = event.examplesPerSecond === undefined ? '' : `, ${figures(event.examplesPerSecond)} examples/s`;
    const left = event.remainingMs === undefined ? '' : `, ${timeLeft(event.remainingMs)}`;
    if (message !== undefined) progress.say(faultText(`note: ${message}`).trimEnd());
    else if (looked !== undefined) progress.set('check', looked, total, `${count(looked)} examples looked at`);
    else if (answered !== undefined) {
      progress.set('ask', answered, total, `${count(answered)} of ${count(total)} asked${rate}${left}`);
    } else if (type === 'step' && runStep !== undefined) {
      progress.set('learn', runStep, runSteps, oneLine(`loss ${figures(loss)}${rate}${measured}${left}`));
    } else if (holdout !== undefined) {
      const [metric] = Object.entries(holdout);
      measured = metric === undefined ? '' : `, held-out ${metric[0]} ${percent(metric[1])}`;
    }
  }
  return run.done;
}
