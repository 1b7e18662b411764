import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { countOf, duration, percent } from '../format.ts';
import { Card, Field, Table } from '../frame/parts.tsx';
import { theme } from '../frame/theme.ts';
import { type HandTrial, type Person, people, tryHand, type Writing, writeAs, writtenBy } from '../handTrial.ts';
import { paintDigit } from '../pad.ts';
import { Act } from './act.tsx';
import { handDigit, keepHand, lesson } from './state.ts';

interface Tried {
  readonly key: number;
  readonly person: Person;
  readonly writing: Writing;
  readonly found: HandTrial;
}

/** Ten handwritings to try at once; nothing of a trial is kept unless a person says so. */
export function HandsCard() {
  const digit = handDigit.value;
  const perClass = useSignal('3');
  const told = useSignal('');
  const isTrying = useSignal(false);
  const trials = useSignal<readonly Tried[]>([]);
  const hands = useRef<HTMLFieldSetElement>(null);
  const trial = async (person: Person) => {
    const here = lesson.value;
    if (here === undefined || isTrying.value) return;
    const pressed = document.activeElement;
    isTrying.value = true;
    try {
      told.value = `“${person.name}” writes…`;
      const writing = await writeAs(person, here.digits, Number(perClass.value));
      const startedAt = performance.now();
      const found = await tryHand(here.student, here.trainer, writing, here.digits.data, (fraction) => {
        told.value = `“${person.name}”: learned ${Math.round(100 * fraction)}\u00a0%…`;
      });
      const { own, plain } = found;
      told.value =
        `“${person.name}”, ${countOf(found.examples, 'example')}: of ${found.scored} others the student read ` +
        `${percent(own.before)}, and reads ${percent(own.after)} now; of everybody’s it read ${percent(plain.before)}, ` +
        `and reads ${percent(plain.after)}. It took ${duration(performance.now() - startedAt)}.`;
      trials.value = [{ key: trials.value.length, person, writing, found }, ...trials.value];
    } finally {
      isTrying.value = false;
      // The focused element loses the focus when it is disabled.
      requestAnimationFrame(() => {
        if (pressed instanceof HTMLElement && hands.current?.contains(pressed)) pressed.focus({ preventScroll: true });
      });
    }
  };
  return (
    <Card id="hands-card" title="Try it at once: ten handwritings">
      <p>
        Choose one: the student learns from a few of its digits, and the original and the patched student are scored on
        400 others. Nothing is kept.
      </p>
      <Field id="per-class" class="per-class" label="Examples of each digit">
        <select
          id="per-class"
          value={perClass.value}
          onChange={({ currentTarget }) => {
            perClass.value = currentTarget.value;
          }}
        >
          {['1', '2', '3', '5', '10'].map((many) => (
            <option key={many}>{many}</option>
          ))}
        </select>
      </Field>
      <fieldset ref={hands} id="hands" class="hands" aria-labelledby="hands-card-title" disabled={isTrying.value}>
        {digit &&
          people.map((person) => (
            <Act key={person.name} onAct={() => trial(person)}>
              <Picture digit={writtenBy(person, digit)} />
              {person.name}
            </Act>
          ))}
      </fieldset>
      <p id="hand-text" class="detail" role="status">
        {told.value}
      </p>
      <Table label="Trials" id="trials" class="kept" hidden={trials.value.length === 0}>
        <thead>
          <tr>
            <td />
            <th scope="colgroup" colSpan={2}>
              Own digits
            </th>
            <th scope="colgroup" colSpan={2}>
              Everybody’s
            </th>
            <td class="wide" />
            <td />
          </tr>
          <tr>
            <th scope="col">Handwriting</th>
            <th scope="col">before</th>
            <th scope="col">after</th>
            <th scope="col">before</th>
            <th scope="col">after</th>
            <th scope="col" class="wide">
              Verdict
            </th>
            <th scope="col">
              <span class="hidden">Keep</span>
            </th>
          </tr>
        </thead>
        <tbody id="trial-rows">
          {trials.value.map((tried) => (
            <TrialRow key={tried.key} tried={tried} />
          ))}
        </tbody>
      </Table>
    </Card>
  );
}

function TrialRow({ tried: { person, writing, found } }: { readonly tried: Tried }) {
  const isKept = useSignal(false);
  const { own, plain, report, examples } = found;
  return (
    <tr>
      <th scope="row">
        {person.name} ({examples})
      </th>
      <td>{percent(own.before)}</td>
      <td class={own.after > own.before ? 'better' : ''}>{percent(own.after)}</td>
      <td>{percent(plain.before)}</td>
      <td>{percent(plain.after)}</td>
      <td class="wide">
        {report.verdict.isAccepted ? 'Accepted. ' : 'Refused. '}
        {report.verdict.why}
      </td>
      <td>
        <Act
          class="small"
          disabled={isKept.value}
          label={`Teach the ${examples} examples of “${person.name}” for good`}
          onAct={async () => {
            isKept.value = true;
            await keepHand(person, writing);
          }}
        >
          Keep
        </Act>
      </td>
    </tr>
  );
}

function Picture({ digit }: { readonly digit: Float32Array }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const paint = () => {
    if (canvas.current) paintDigit(canvas.current, digit, getComputedStyle(canvas.current).color);
  };
  useEffect(paint, [digit]);
  useSignalEffect(() => {
    theme.value;
    requestAnimationFrame(paint);
  });
  return (
    <span class="picture" aria-hidden="true">
      <canvas ref={canvas} />
    </span>
  );
}
