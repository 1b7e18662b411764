import { LimbeckError } from '../core/errors.ts';
import { numberOf } from './arguments.ts';
import { command } from './command.ts';
import { jsonText } from './printable.ts';
import { serveFolder } from './serveFolder.ts';

export const demoCommand = command({
  name: 'demo',
  summary: 'shows limbeck at work in a browser, by a page that this machine serves',
  usage: '[options]',
  about: `In a checkout of the project it is the whole demo, with a teacher and digits. The package holds a small page in their place, which
draws its own examples and trains its own teacher: the demo's would make the package half as large again.`,
  options: { port: { kind: 'text', value: '8080', help: 'default: 8080, or any that is free if that is taken' } },
  fails: 'where the page is missing',
  async work({ port, json }, files, console) {
    if (files.length > 0) throw new LimbeckError('invalid-option', 'demo takes no file.');
    const signal = console.interrupt();
    const { access } = await import('node:fs/promises');
    const dist = new URL('./', import.meta.url);
    const has = (path: string) =>
      access(new URL(path, dist)).then(
        () => true,
        () => false,
      );
    const isWhole = await has('demo/index.html');
    if (!isWhole && !(await has('page/index.html'))) {
      throw new LimbeckError(
        'read-failed',
        'The page of the demo is missing: install limbeck again, or run npm run build.',
      );
    }
    const { fileURLToPath } = await import('node:url');
    const folder = fileURLToPath(isWhole ? new URL('demo/', dist) : dist);
    const served = port === undefined ? await anyPort(folder) : await serveFolder(folder, portOf(port));
    const url = isWhole ? served.url : `${served.url}page/`;
    console.write(
      json ? jsonText({ url, isWhole }) : `The ${isWhole ? 'demo' : 'small demo'} is at ${url} (Ctrl-C ends it).\n`,
    );
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await served.close();
  },
});

function anyPort(folder: string) {
  return serveFolder(folder, 8080).catch(() => serveFolder(folder, 0));
}

function portOf(text: string): number {
  const port = numberOf(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new LimbeckError('invalid-option', `--port was "${text}"; it must be a whole number from 0 to 65535.`);
}
