// What the package exports of this folder.
export type { LogMelOptions } from './logMelOptions.ts';
