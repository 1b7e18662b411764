import type { Profile } from 'limbeck';
import { byId, setText } from './dom.ts';
import { bytes } from './format.ts';
import { showDownloads } from './outcome.ts';
import { errorOf, once } from './work.ts';

/** Makes the buttons for a profile's file work; `profileNow` gives undefined until there is one. */
export function offerFiles(profileNow: () => Profile | undefined): void {
  const input = byId<HTMLInputElement>('import-file');
  byId('export').addEventListener('click', () => void once(byId('export'), exportProfile));
  byId('import').addEventListener('click', () => input.click());
  input.addEventListener('change', () => void once(input, importProfile));

  async function exportProfile(): Promise<void> {
    const data = await profileNow()?.exportBytes();
    if (data === undefined) return;
    showDownloads(byId('kept-files'), [{ name: 'my-hand.lpf', type: 'application/octet-stream', data }]);
    const size = bytes(data.byteLength);
    setText(byId('kept-note'), `The file (${size}) is not encrypted: whoever has it can see what you drew.`);
  }

  async function importProfile(): Promise<void> {
    const [file] = input.files ?? [];
    const profile = profileNow();
    if (file === undefined || profile === undefined) return;
    try {
      const { number } = await profile.importBytes(new Uint8Array(await file.arrayBuffer()));
      setText(byId('kept-note'), `“${file.name}” was imported; version ${number} answers now.`);
    } catch (error) {
      setText(byId('kept-note'), `“${file.name}” was not imported. ${errorOf(error).message}`);
    } finally {
      // So that the same file may be chosen again.
      input.value = '';
    }
  }
}
