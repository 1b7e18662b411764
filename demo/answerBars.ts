import type { Profile } from 'limbeck';
import { byId, setText } from './dom.ts';
import { percent } from './format.ts';
import { html } from './markup.ts';

export type Answer = Awaited<ReturnType<Profile['predict']>>;

/** Makes a bar for each label. */
export function layBars(labels: readonly string[]): void {
  byId('bars').innerHTML = labels
    .map(
      (label) =>
        html`<li data-label="${label}"><b>${label}</b><span class="track" aria-hidden="true"><span></span></span><span class="number">–</span></li>`
          .markup,
    )
    .join('');
}

/** Shows the student's answer for a digit, or that there is no digit. */
export function showAnswer(answer: Answer | undefined, version: number): void {
  const by = version === 0 ? 'as it was distilled' : `with version ${version}`;
  setText(
    byId('answer'),
    answer === undefined
      ? 'Nothing was drawn yet.'
      : `It says ${answer.label}, and is sure to ${percent(answer.confidence)} (${by}).`,
  );
  for (const bar of byId('bars').querySelectorAll('li')) {
    const probability = answer?.probs[bar.dataset['label'] ?? ''];
    bar.classList.toggle('best', answer?.label === bar.dataset['label']);
    (bar.querySelector('.track > span') as HTMLElement).style.width = `${100 * (probability ?? 0)}%`;
    setText(bar.querySelector('.number') as Element, shown(probability));
  }
}

/** A probability is never zero, and three digits of a tiny one say nothing. */
function shown(probability: number | undefined): string {
  return probability !== undefined && probability < 0.001 ? '< 0.1\u00a0%' : percent(probability);
}
