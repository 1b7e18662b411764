// The parts that the command uses of packages without types of their own.

declare module 'cli-progress' {
  interface Bar {
    setTotal(total: number): void;
    update(value: number, payload: Readonly<Record<string, string>>): void;
  }
  class MultiBar {
    constructor(options: Readonly<Record<string, unknown>>, preset: object);
    create(total: number, start: number, payload: Readonly<Record<string, string>>): Bar;
    log(line: string): void;
    stop(): void;
  }
  const cliProgress: { readonly MultiBar: typeof MultiBar; readonly Presets: { readonly rect: object } };
  // biome-ignore lint/style/noDefaultExport: it is what the package has
  export default cliProgress;
}

declare module 'semver/functions/satisfies.js' {
  // biome-ignore lint/style/noDefaultExport: it is what the package has
  export default function satisfies(version: string, range: string): boolean;
}
