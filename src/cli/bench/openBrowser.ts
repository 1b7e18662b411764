import { LimbeckError, messageOf } from '../../core/errors.ts';
import { type EngineKind, findBrowser } from '../findBrowser.ts';

/** A browser at a page. */
export interface OpenBrowser {
  /** Resolves with a sentence if it ends by itself. */
  readonly ended: Promise<string>;
  /** Ends it and everything that was started for it; twice is fine. */
  close(): Promise<void>;
}

export interface BrowserSettings {
  /** With a window, which most browsers need for a GPU. */
  readonly hasWindow: boolean;
  /** Without its sandbox, which root needs. */
  readonly isUnboxed: boolean;
}

interface Start {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It has no mode without a window, so without one it gets a screen of its own. */
  readonly needsScreen?: boolean;
  /** Of its profile. */
  readonly files?: Readonly<Record<string, string>>;
}

/** No first-run pages, no updates, nothing reported, and full speed in a window that others cover. */
const FIREFOX_PREFERENCES = {
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};

type Starter = (page: string, profile: string, settings: BrowserSettings) => Start;

const STARTS: Readonly<Record<EngineKind, Starter>> = {
  chromium: (page, profile, { hasWindow, isUnboxed }) => ({
    args: [
      // The pipe keeps it open without a window, and opens no port as the switch with a port would.
      ...(hasWindow ? [] : ['--headless=new', '--remote-debugging-pipe']),
      `--user-data-dir=${profile}`,
      ...['--no-first-run', '--no-default-browser-check', '--disable-extensions', '--mute-audio'],
      ...['--disable-component-update', '--disable-background-networking'],
      ...['--disable-background-timer-throttling', '--disable-renderer-backgrounding'],
      '--disable-backgrounding-occluded-windows',
      ...(isUnboxed ? ['--no-sandbox'] : []),
      page,
    ],
  }),
  firefox: (page, profile, { hasWindow, isUnboxed }) => ({
    args: [...(hasWindow ? [] : ['--headless']), '--no-remote', '--profile', profile, page],
    ...(isUnboxed && { env: { MOZ_DISABLE_CONTENT_SANDBOX: '1' } }),
    files: {
      'user.js': Object.entries(FIREFOX_PREFERENCES)
        .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
        .join(''),
    },
  }),
  webkit: (page, profile, { hasWindow, isUnboxed }) => ({
    args: [page],
    env: {
      ...Object.fromEntries(
        ['HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME'].map((name) => [name, profile]),
      ),
      ...(isUnboxed && { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' }),
    },
    needsScreen: !hasWindow,
  }),
};

const INSTALL: Readonly<Record<EngineKind, string>> = {
  chromium: 'Install Chromium or Chrome, or say in CHROME_PATH where it is.',
  firefox: 'Install Firefox, or say in FIREFOX_PATH where it is.',
  webkit:
    'Install WebKitGTK’s MiniBrowser (Debian: libwebkit2gtk-4.1-0) and Xvfb, or say in WEBKIT_PATH where it is. On a Mac take --browser open, and open the address in Safari.',
};

/**
 * Opens a page in a browser of this machine with an empty profile. No driver is attached, which would slow it down, and hang Firefox
 * where workers start workers.
 * Throws    read-failed: none is installed, or it does not start
 */
export async function openBrowser(kind: EngineKind, page: string, settings: BrowserSettings): Promise<OpenBrowser> {
  const program = await findBrowser(kind);
  if (program === undefined) throw new LimbeckError('read-failed', `No ${kind} was found. ${INSTALL[kind]}`);
  const [{ mkdtemp, rm, writeFile }, { tmpdir }, { join }] = await Promise.all([
    import('node:fs/promises'),
    import('node:os'),
    import('node:path'),
  ]);
  const profile = await mkdtemp(join(tmpdir(), `limbeck-${kind}-`));
  const started: Started[] = [];
  const close = async () => {
    await Promise.all(started.map(({ stop }) => stop()));
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(() => undefined);
  };
  try {
    const { args, env = {}, needsScreen = false, files = {} } = STARTS[kind](page, profile, settings);
    for (const [name, text] of Object.entries(files)) await writeFile(join(profile, name), text);
    const screen = needsScreen ? await openScreen(started) : {};
    const browser = await start(program, args, { ...env, ...screen });
    started.push(browser);
    const hint =
      process.getuid?.() === 0 && !settings.isUnboxed
        ? ' As root it needs --no-sandbox, for models that you trust.'
        : '';
    return { ended: browser.ended.then((how) => `${program} ended (${how}).${hint}`), close };
  } catch (error) {
    await close();
    throw new LimbeckError('read-failed', `${program} does not start: ${messageOf(error)}`, { cause: error });
  }
}

/** An X server without a screen, on the first free display. */
async function openScreen(started: Started[]): Promise<Readonly<Record<string, string>>> {
  const server = await start('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {});
  started.push(server);
  const display = await new Promise<string>((resolve, reject) => {
    let told = '';
    server.told?.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      if (told.endsWith('\n')) resolve(`:${told.trim()}`);
    });
    void server.ended.then((how) => reject(new Error(`Xvfb ended (${how}) before it had a display`)));
  });
  return { DISPLAY: display, GDK_BACKEND: 'x11' };
}

interface Started {
  /** What it writes to its third stream. */
  readonly told: import('node:stream').Readable | undefined;
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** A program in a process group of its own, which ends as a whole, at the latest with this process. */
async function start(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Started> {
  const { spawn } = await import('node:child_process');
  const isGroup = process.platform !== 'win32';
  const child = spawn(program, args, {
    detached: isGroup,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const kill = () => {
    try {
      if (isGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      else child.kill('SIGKILL');
    } catch {
      // It is gone already.
    }
  };
  for (const stream of child.stdio.slice(3)) stream?.on('error', () => undefined);
  process.once('exit', kill);
  void ended.then(() => process.off('exit', kill));
  return {
    told: (child.stdio[3] ?? undefined) as import('node:stream').Readable | undefined,
    ended,
    stop: async () => {
      kill();
      await ended;
    },
  };
}
