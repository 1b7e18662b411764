import { signal } from '@preact/signals';

interface Toast {
  readonly key: number;
  readonly sentence: string;
}

const SHOWN_MS = 8000;
const toasts = signal<readonly Toast[]>([]);
let count = 0;

/** Shows a sentence at the edge of the page for a while; what a person must read belongs on the page instead. */
export function toast(sentence: string): void {
  const key = ++count;
  toasts.value = [...toasts.value.filter((one) => one.sentence !== sentence), { key, sentence }];
  setTimeout(() => close(key), SHOWN_MS);
}

function close(key: number): void {
  toasts.value = toasts.value.filter((one) => one.key !== key);
}

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map(({ key, sentence }) => (
        <div key={key} class="toast">
          <span>{sentence}</span>
          <button type="button" class="small" aria-label="Close" onClick={() => close(key)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
