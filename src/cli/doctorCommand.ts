import { LimbeckError, messageOf } from '../core/errors.ts';
import { shownAddress } from '../network/address.ts';
import { assetUrl } from '../runtime/assets.ts';
import { onlyFile } from './arguments.ts';
import { command } from './command.ts';
import { askChromium } from './doctor/askChromium.ts';
import type { OwnFile } from './doctor/checkAssets.ts';
import { checkFolder } from './doctor/checkFolder.ts';
import { checkPage } from './doctor/checkPage.ts';
import { CURES } from './doctor/cures.ts';
import { pageAddress } from './doctor/fetchCarefully.ts';
import { type CureName, type Finding, note, PLACES, type Place } from './doctor/finding.ts';
import { findBrowser } from './findBrowser.ts';
import type { Console } from './openConsole.ts';
import { jsonText, reportText } from './printable.ts';
import { table } from './table.ts';

export const doctorCommand = command({
  name: 'doctor',
  summary: 'says what to change so that limbeck runs well on a page or in a project',
  usage: '[options] URL|FOLDER',
  about: `Of an address: isolation, content security policy, Trusted Types, whether limbeck's files are found, their types, version, caching and
compression. It sends no credentials, follows redirects on the same host only and runs nothing of the page, unless a Chromium is
found (CHROME_PATH, or chromium or google-chrome in PATH), which then opens the page in an empty profile and says what works in it.
Of a folder: packages and their versions, bundler, headers, files that are served.`,
  options: {
    for: {
      kind: 'text',
      value: 'PLACE',
      words: PLACES,
      help: `${PLACES.join(', ')}: what to change there; default: what is recognised, else all`,
    },
    'no-browser': { kind: 'flag', help: 'starts no Chromium' },
    'no-sandbox': {
      kind: 'flag',
      help: 'starts Chromium without its sandbox, which root needs: for pages that you trust',
    },
  },
  fails: 'where something must be changed',
  async work(values, files, console) {
    const subject = onlyFile(files);
    const signal = console.interrupt();
    const own = ownFiles(console);
    const examined = /^[a-z][\w+.-]*:\/\//i.test(subject)
      ? await examinePage(pageAddress(subject), { values, console, signal, own })
      : await examineFolder(subject, console, own);
    const { findings } = examined;
    const place = values.for ?? examined.place;
    const cures = curesOf(findings, place);
    const isFine = findings.every(({ level }) => level !== 'change');
    if (values.json) console.write(jsonText({ subject: shownAddress(subject), isFine, findings, cures }));
    else console.write(textOf(findings, cures, isFine));
    return isFine ? 0 : 1;
  },
});

interface PageWork {
  readonly values: { readonly 'no-browser': boolean; readonly 'no-sandbox': boolean };
  readonly console: Console;
  readonly signal: AbortSignal;
  readonly own: OwnFile;
}

async function examinePage(url: URL, { values, console, signal, own }: PageWork) {
  const progress = await console.openProgress();
  try {
    const onFile = (done: number, total: number, name: string) => progress.set('files', done, total, name);
    const { findings, place } = await checkPage(url, { own, signal, onFile });
    const browser = values['no-browser'] ? undefined : await findBrowser('chromium');
    return { findings: [...findings, ...(await inBrowser(browser))], place };
  } finally {
    progress.stop();
  }

  async function inBrowser(browser: string | undefined): Promise<Finding[]> {
    if (browser === undefined)
      return values['no-browser']
        ? []
        : [note('in Chromium', 'none was found: threads, WebGPU and quota are not looked at')];
    try {
      return await askChromium(browser, url, { isUnboxed: values['no-sandbox'], signal });
    } catch (error) {
      signal.throwIfAborted();
      return [note('in Chromium', messageOf(error))];
    }
  }
}

async function examineFolder(folder: string, console: Console, own: OwnFile) {
  if (/^[\w.-]+:\d+(\/|$)/.test(folder)) {
    throw new LimbeckError(
      'invalid-option',
      `"${folder}" is no address yet: write http://${folder} or https://${folder}.`,
    );
  }
  if ((await console.listFolder(folder)) === undefined) {
    throw new LimbeckError(
      'invalid-option',
      `"${folder}" is a file; give the address of a page, or the folder of a project.`,
    );
  }
  return checkFolder(folder.replace(/(?<=.)\/+$/, ''), { console, own });
}

/** The files of this package, which lie beside the command. */
function ownFiles({ assetBase, readFile }: Console): OwnFile {
  return async (name) => {
    const { fileURLToPath } = await import('node:url');
    const base = assetBase ?? new URL('./', assetUrl('threads.js')).href;
    return readFile(fileURLToPath(new URL(name, base))).catch(() => undefined);
  };
}

type Cures = Partial<Record<CureName, Partial<Record<Place, string>>>>;

/** What helps, once each: at one place, or at all of them. */
function curesOf(findings: readonly Finding[], place: Place | undefined): Cures {
  const names = new Set(findings.flatMap(({ cure }) => cure ?? []));
  return Object.fromEntries(
    [...names].map((name) => [name, place === undefined ? CURES[name] : { [place]: CURES[name][place] }]),
  );
}

function textOf(findings: readonly Finding[], cures: Cures, isFine: boolean): string {
  const columns = [{ heading: '' }, { heading: '' }, { heading: '' }];
  const rows = findings.map(({ level, check, says }) => [level === 'change' ? 'CHANGE' : level, check, says]);
  const remedies = Object.entries(cures).map(([name, places]) => [
    `To change (${name}):`,
    ...table([{ heading: '' }, { heading: '' }], Object.entries(places), '  '),
  ]);
  const verdict = isFine ? 'Nothing has to be changed.' : 'What is marked CHANGE keeps limbeck from working.';
  return reportText([table(columns, rows), ...remedies, [verdict]]);
}
