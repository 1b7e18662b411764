import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Answered } from '../../tasks/pages/tools.ts';
import { Field } from '../frame/parts.tsx';
import type { WorkedExample } from './list.ts';
import { answer, row } from './work.ts';

/** A text of one's own, and what teacher and student make of it. */
export function TryIt({ about }: { readonly about: NonNullable<WorkedExample['tryIt']> }) {
  const text = useSignal(about.example);
  const isAsking = useSignal(false);
  const answered = useSignal<Answered>([]);
  const problem = useSignal('');
  const asked = useRef('');
  if (row.value === undefined) return null;
  const ask = async () => {
    if (isAsking.value) return;
    isAsking.value = true;
    try {
      // What was typed meanwhile is asked after it; the last text is always answered.
      do {
        asked.current = text.value;
        answered.value = await answer(asked.current);
      } while (about.isLive && asked.current !== text.value && text.value.trim() !== '');
      problem.value = '';
    } catch (error) {
      problem.value = (error as Error).message;
    } finally {
      isAsking.value = false;
    }
  };
  return (
    <form
      class="try"
      onSubmit={(event) => {
        event.preventDefault();
        void ask();
      }}
    >
      <Field id="try" label={about.label} hint={about.hint} class="wide">
        <input
          id="try"
          type="text"
          maxLength={200}
          required
          aria-describedby="try-hint"
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
            if (about.isLive && text.value.trim() !== '') void ask();
          }}
        />
      </Field>
      <div class="buttons">
        <button type="submit" class="main" disabled={(isAsking.value && !about.isLive) || text.value.trim() === ''}>
          {isAsking.value && !about.isLive ? 'Asking …' : 'Ask both'}
        </button>
      </div>
      <div class="answers" role="status">
        {problem.value && <p>{problem.value}</p>}
        {answered.value.map(({ who, says }) => (
          <section key={who}>
            <h3>{who}</h3>
            <ol class="said">
              {says.map((line, i) => (
                <li key={i}>{line}</li>
              ))}
            </ol>
          </section>
        ))}
      </div>
    </form>
  );
}
