import { useSignal } from '@preact/signals';
import type { Detection } from 'limbeck/run';
import { useEffect, useRef } from 'preact/hooks';
import { figures } from '../format.ts';
import { Bar } from '../frame/parts.tsx';
import { files, row } from './work.ts';

/** Words that are shown. */
const SHOWN = 5;

/** The student listens to the microphone, and tells when it has heard its word. */
export function ListenIt({ word }: { readonly word: string }) {
  const state = useSignal<'silent' | 'opening' | 'listening'>('silent');
  const heard = useSignal<readonly Detection[]>([]);
  const score = useSignal(0);
  const problem = useSignal('');
  const listening = useRef<AbortController | undefined>(undefined);
  const stop = () => listening.current?.abort();
  useEffect(() => stop, []);
  const [file] = files.value;
  const hearing = row.value?.hearing;
  if (file === undefined || hearing === undefined) return null;

  const start = async () => {
    const stopping = new AbortController();
    const { signal } = stopping;
    listening.current = stopping;
    [state.value, heard.value, score.value, problem.value] = ['opening', [], 0, ''];
    try {
      const { listen, loadStudent } = await import('limbeck/run');
      await using ears = await loadStudent(file.bytes, { threads: 1, signal });
      const onScore = (mean: number) => {
        score.value = mean;
      };
      await using listener = await listen(ears, { ...hearing, onScore, signal });
      state.value = 'listening';
      for await (const one of listener) heard.value = [one, ...heard.value].slice(0, SHOWN);
    } catch (error) {
      if (!signal.aborted) problem.value = (error as Error).message;
    } finally {
      state.value = 'silent';
    }
  };
  return (
    <div class="try">
      <p class="hint">
        Say “{word}”, and other things. What the microphone hears goes to the student on this device, and is not kept.
      </p>
      <div class="buttons">
        {state.value === 'silent' ? (
          <button type="button" class="main" onClick={start}>
            Listen
          </button>
        ) : (
          <button type="button" onClick={stop}>
            {state.value === 'opening' ? 'Waiting for the microphone…' : 'Stop listening'}
          </button>
        )}
      </div>
      {state.value === 'listening' && (
        <Bar fraction={score.value} label={`How sure the student is that it hears “${word}”`} />
      )}
      <div class="answers" role="status">
        {problem.value && <p>{problem.value}</p>}
        {heard.value.length > 0 && (
          <ol class="said">
            {heard.value.map(({ seconds, score: mean }) => (
              <li key={seconds}>
                Heard after {figures(seconds)} s (score {figures(mean)})
              </li>
            ))}
          </ol>
        )}
      </div>
    </div>
  );
}
