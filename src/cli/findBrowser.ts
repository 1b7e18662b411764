/** Engines of which a browser may be installed. */
export const ENGINES = ['chromium', 'firefox', 'webkit'] as const;
export type EngineKind = (typeof ENGINES)[number];

interface Places {
  /** A path in this variable comes first. */
  readonly variable: string;
  readonly names: readonly string[];
  /** Where installers of macOS and Windows put it. */
  readonly paths: readonly string[];
}

const PROGRAMS = ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'];
const onWindows = (path: string) =>
  PROGRAMS.flatMap((name) => (process.env[name] === undefined ? [] : [`${process.env[name]}\\${path}`]));

const PLACES: Readonly<Record<EngineKind, () => Places>> = {
  chromium: () => ({
    variable: 'CHROME_PATH',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    paths: [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      ...onWindows('Google\\Chrome\\Application\\chrome.exe'),
      ...onWindows('Microsoft\\Edge\\Application\\msedge.exe'),
    ],
  }),
  firefox: () => ({
    variable: 'FIREFOX_PATH',
    names: ['firefox', 'firefox-esr'],
    paths: ['/Applications/Firefox.app/Contents/MacOS/firefox', ...onWindows('Mozilla Firefox\\firefox.exe')],
  }),
  // WebKitGTK brings its small browser among its own files; see `inLibraries`.
  webkit: () => ({ variable: 'WEBKIT_PATH', names: ['MiniBrowser'], paths: [] }),
};

/**
 * Where a browser of an engine is: the path in CHROME_PATH, FIREFOX_PATH or WEBKIT_PATH, a known name in PATH, where installers
 * put it, or the Chromium that Playwright has fetched for the project in the working directory.
 */
export async function findBrowser(kind: EngineKind): Promise<string | undefined> {
  const [{ access, constants }, { delimiter, join }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
  ]);
  const { variable, names, paths } = PLACES[kind]();
  const given = process.env[variable];
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = given
    ? [given]
    : [
        ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
        ...paths,
        ...(kind === 'webkit' ? await inLibraries() : []),
        ...(kind === 'chromium' ? await ofPlaywright() : []),
      ];
  for (const place of places) {
    const isThere = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return undefined;
}

/** /usr/lib/<machine>/webkit2gtk-<version of its interface>/MiniBrowser */
async function inLibraries(): Promise<string[]> {
  const { readdir } = await import('node:fs/promises');
  const inside = (folder: string) => readdir(folder).catch((): string[] => []);
  const found: string[] = [];
  for (const machine of await inside('/usr/lib')) {
    if (!machine.includes('linux')) continue;
    for (const name of await inside(`/usr/lib/${machine}`)) {
      if (/^webkit(2gtk|gtk)-/.test(name)) found.push(`/usr/lib/${machine}/${name}/MiniBrowser`);
    }
  }
  return found;
}

async function ofPlaywright(): Promise<string[]> {
  const [{ createRequire }, { join }] = await Promise.all([import('node:module'), import('node:path')]);
  try {
    const { chromium } = createRequire(join(process.cwd(), 'package.json'))('playwright-core') as {
      chromium: { executablePath(): string };
    };
    return [chromium.executablePath()];
  } catch {
    return [];
  }
}
