import './style.css';
import './personal.css';
import { effect } from '@preact/signals';
import { openFrame } from './frame/openFrame.tsx';
import type { PlainError } from './frame/plainError.ts';
import { PersonalPage } from './personal/personalPage.tsx';
import { error, open, type State, state } from './personal/state.ts';

declare global {
  interface Window {
    /** For whoever drives the page. */
    limbeckPersonal: { state: State; error?: PlainError };
  }
}

effect(() => {
  window.limbeckPersonal = { state: state.value, ...(error.value && { error: error.value }) };
  document.documentElement.dataset['state'] = state.value;
});
openFrame(<PersonalPage />);
void open();
