import { useSignal, useSignalEffect } from '@preact/signals';
import type { Profile } from 'limbeck';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { LABELS, SIDE } from '../digits.ts';
import { percent } from '../format.ts';
import { Bar, Card } from '../frame/parts.tsx';
import { theme } from '../frame/theme.ts';
import { inputOf } from '../lesson.ts';
import { createPad, type Pad, paintDigit } from '../pad.ts';
import { Act } from './act.tsx';
import { attempt, changes, hasTwoLabels, learn, learned, learning, lesson, ONE_LABEL } from './state.ts';

type Answer = Awaited<ReturnType<Profile['predict']>>;

interface Said {
  readonly answer: Answer;
  readonly version: number;
}

const DRAW = 'Draw a digit, then press what it is.';

/** Where a digit is drawn, answered and taught. */
export function Desk() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const seen = useRef<HTMLCanvasElement>(null);
  const pad = useRef<Pad>(null);
  const said = useSignal<Said | undefined>(undefined);
  const told = useSignal(DRAW);
  /** What was taught about the digit on the pad. */
  const taughtNow = useRef<{ readonly id: string; readonly label: string }>(undefined);
  const asked = useRef(0);
  const samples = useRef(0);

  const paintSeen = () => {
    const digit = pad.current?.digit() ?? new Float32Array(SIDE * SIDE);
    if (seen.current) paintDigit(seen.current, digit, getComputedStyle(seen.current).color);
  };
  const drawn = async () => {
    taughtNow.current = undefined;
    told.value = DRAW;
    paintSeen();
    await ask();
  };
  const ask = async () => {
    const mine = ++asked.current;
    const digit = pad.current?.digit();
    const profile = lesson.value?.profile;
    if (digit === undefined || profile === undefined) {
      said.value = undefined;
      return;
    }
    const [answer, { number }] = await Promise.all([profile.predict(inputOf(digit)), profile.current()]);
    // Something else may have been drawn since.
    if (mine === asked.current) said.value = { answer, version: number };
  };
  // Before the page is painted, so that a first stroke is not lost.
  useLayoutEffect(() => {
    if (canvas.current) pad.current = createPad(canvas.current, () => void attempt(drawn));
  }, []);
  useSignalEffect(() => {
    changes.value;
    void attempt(ask);
  });
  // Ink has the colour of the text.
  useSignalEffect(() => {
    theme.value;
    requestAnimationFrame(() => {
      pad.current?.repaint();
      paintSeen();
    });
  });

  const clear = async () => {
    pad.current?.clear();
    await drawn();
  };
  const showSample = async () => {
    const holdout = lesson.value?.digits.holdout;
    if (holdout === undefined) return;
    const { inputs } = await holdout.read(Int32Array.of(samples.current++ % holdout.size));
    pad.current?.show(Float32Array.from(inputs['input']?.data ?? []));
    await drawn();
  };
  const teach = async (label: string) => {
    const digit = pad.current?.digit();
    const profile = lesson.value?.profile;
    const wrong = taughtNow.current;
    if (digit === undefined || profile === undefined) {
      told.value = 'There is nothing to teach yet: draw a digit first.';
      return;
    }
    if (wrong?.label === label) {
      told.value = `It is kept as a ${label} already.`;
      return;
    }
    const id = await profile.teach(inputOf(digit), label);
    taughtNow.current = { id, label };
    if (wrong) await profile.forget(wrong.id);
    told.value = wrong
      ? `Corrected: it is a ${label}, not a ${wrong.label}.`
      : `Kept as a ${label}. Draw the next one.`;
    if (!(await hasTwoLabels(profile))) learning.value = ONE_LABEL;
  };

  return (
    <div class="desk">
      <Card id="draw" title="Draw a digit">
        <canvas
          ref={canvas}
          id="pad"
          role="img"
          aria-label="A place to draw a digit with a pointer; “Show me one” puts one there without drawing"
        />
        <div class="buttons">
          <Act id="clear" onAct={clear}>
            Clear
          </Act>
          <Act id="sample" onAct={showSample}>
            Show me one
          </Act>
        </div>
        <p class="hint seen">
          <span class="picture" aria-hidden="true">
            <canvas ref={seen} id="seen" width={SIDE} height={SIDE} />
          </span>{' '}
          What the student sees: 28 × 28 pixels, as in MNIST.
        </p>
      </Card>
      <Card id="says" title="What does it say?">
        <p id="answer" class="answer" role="status">
          {sentenceOf(said.value)}
        </p>
        <Bars answer={said.value?.answer} />
      </Card>
      <Card id="really" title="What is it really?">
        <fieldset id="labels" class="labels" aria-labelledby="really-title">
          {LABELS.map((label) => (
            <Act key={label} label={`It is a ${label}`} onAct={() => teach(label)}>
              {label}
            </Act>
          ))}
        </fieldset>
        <p id="taught" class="detail" role="status">
          {told.value}
        </p>
        <h3 id="learning-title">What it learned</h3>
        <p id="learning" role="status">
          {learning.value}
        </p>
        {learned.value !== 'none' && <Bar id="learning-progress" fraction={learned.value} label="Learning" />}
        <div class="buttons">
          <Act id="learn" onAct={learn}>
            Learn now
          </Act>
        </div>
        <p class="hint">It also learns by itself, a second after the last example, when the page is idle.</p>
      </Card>
    </div>
  );
}

function sentenceOf(said: Said | undefined): string {
  if (said === undefined) return 'Nothing was drawn yet.';
  const by = said.version === 0 ? 'as it was distilled' : `with version ${said.version}`;
  return `It says ${said.answer.label}, and is sure to ${percent(said.answer.confidence)} (${by}).`;
}

function Bars({ answer }: { readonly answer: Answer | undefined }) {
  return (
    <ol id="bars" class="bars" aria-label="Probability of each digit">
      {LABELS.map((label) => {
        const probability = answer?.probs[label];
        return (
          <li key={label} data-label={label} class={answer?.label === label ? 'best' : ''}>
            <b>{label}</b>
            <span class="track" aria-hidden="true">
              <span style={{ width: `${100 * (probability ?? 0)}%` }} />
            </span>
            <span class="number">{shown(probability)}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** A probability is never zero, and three digits of a tiny one say nothing. */
function shown(probability: number | undefined): string {
  if (probability === undefined) return '–';
  return probability < 0.001 ? '< 0.1\u00a0%' : percent(probability);
}
