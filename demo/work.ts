import { byId } from './dom.ts';
import { html } from './markup.ts';

/** An error as plain values. */
export interface PlainError {
  readonly code?: string;
  readonly message: string;
}

/** Does the work of a button or a group of buttons, which are disabled meanwhile. */
export async function once(place: HTMLElement, work: () => Promise<unknown>): Promise<void> {
  if (place.ariaBusy === 'true') return;
  place.ariaBusy = 'true';
  await attempt(work);
  place.ariaBusy = 'false';
}

/** Does work, and shows what it throws. */
export async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    showError(error);
  }
}

export function showError(error: unknown): PlainError {
  const plain = errorOf(error);
  byId('error').innerHTML = html`<div class="error"><h2>That did not work</h2><p>${plain.message}</p>
<p class="code">Code: <code>${plain.code ?? 'none'}</code></p></div>`.markup;
  return plain;
}

export function errorOf(error: unknown): PlainError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, code } = error as Error & { code?: unknown };
  return { message, ...(typeof code === 'string' ? { code } : {}) };
}
