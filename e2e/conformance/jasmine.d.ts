/** The few parts of jasmine that the conformance page uses. */
declare module 'jasmine-core/lib/jasmine-core/jasmine.js' {
  interface Expectation {
    readonly message: string;
    readonly stack: string;
  }
  export interface SpecResult {
    readonly fullName: string;
    readonly status: 'passed' | 'failed' | 'pending' | 'excluded';
    readonly failedExpectations: readonly Expectation[];
    readonly pendingReason: string;
  }
  interface Reporter {
    specStarted?(result: SpecResult): void;
    specDone?(result: SpecResult): void;
    suiteDone?(result: { readonly fullName: string; readonly failedExpectations: readonly Expectation[] }): void;
    jasmineDone?(result: { readonly failedExpectations: readonly Expectation[] }): void;
  }
  interface Env {
    configure(options: { random: boolean; specFilter: (spec: { getFullName(): string }) => boolean }): void;
    addReporter(reporter: Reporter): void;
    execute(): Promise<unknown>;
  }
  interface Jasmine {
    DEFAULT_TIMEOUT_INTERVAL: number;
    getEnv(): Env;
  }
  const jasmineRequire: {
    core(required: unknown): Jasmine;
    interface(jasmine: Jasmine, env: Env): Record<string, unknown>;
  };
  // biome-ignore lint/style/noDefaultExport: jasmine is a CommonJS module
  export default jasmineRequire;
}
