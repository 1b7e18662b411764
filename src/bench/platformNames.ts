// What a browser tells of itself in its user agent, as far as a reader of figures needs it.

interface Named {
  readonly name: string;
  readonly version: RegExp;
}

/** The first that fits: those that call themselves by another's name too stand above it. On iOS all of them are WebKit. */
const ENGINES: readonly Named[] = [
  { name: 'Firefox', version: /\bFirefox\/(\d+)/ },
  { name: 'Edge', version: /\bEdg(?:A)?\/(\d+)/ },
  { name: 'Opera', version: /\bOPR\/(\d+)/ },
  { name: 'Samsung Internet', version: /\bSamsungBrowser\/(\d+)/ },
  { name: 'Chromium', version: /Chrom(?:e|ium)\/(\d+)/ },
  { name: 'Safari', version: /\b(?:Macintosh|iPhone|iPad)\b.*\bVersion\/([\d.]+).*\bSafari\// },
  { name: 'WebKit', version: /\bVersion\/([\d.]+)/ },
  { name: 'WebKit', version: /\bAppleWebKit\/(\d+)/ },
];

const SYSTEMS: readonly Named[] = [
  { name: 'Android', version: /\bAndroid (\d+)/ },
  { name: 'iOS', version: /\b(?:iPhone|iPad)\b.*\bOS (\d+)/ },
  { name: 'Windows', version: /\bWindows NT ([\d.]+)/ },
  { name: 'ChromeOS', version: /\bCrOS\b()/ },
  { name: 'macOS', version: /\bMacintosh\b()/ },
  { name: 'Linux', version: /\bLinux\b()/ },
];

/** 'Chromium 156', 'Firefox 140', 'Safari 26.0'; undefined where it is none of the known. */
export function engineOf(userAgent: string): string | undefined {
  return nameIn(ENGINES, userAgent);
}

/** 'Linux', 'Android 15'; versions that browsers have frozen are left out. */
export function systemOf(userAgent: string): string | undefined {
  return nameIn(SYSTEMS, userAgent);
}

function nameIn(known: readonly Named[], userAgent: string): string | undefined {
  for (const { name, version } of known) {
    const found = version.exec(userAgent);
    if (found !== null) return `${name} ${found[1] ?? ''}`.trimEnd();
  }
  return undefined;
}
