import type { Console } from './openConsole.ts';

/**
 * Text fit for a terminal: what steers one (escape sequences, carriage returns), turns the order of letters round, or is
 * not seen is written as \u001b. In JSON it means the same as before. Line ends stay.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n\p{Cn}]|[\p{Zl}\p{Zp}]/gu, escaped);
}

/** The same in one line: a name from a file makes no line of its own. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\u000a');
}

/** A report of several parts, with an empty line between them. */
export function reportText(parts: readonly (readonly string[])[]): string {
  const texts = parts.filter((lines) => lines.length > 0).map((lines) => lines.map(oneLine).join('\n'));
  return `${texts.join('\n\n')}\n`;
}

/** A sentence about what went wrong; lines after the first are set in, so that none looks like one of ours. */
export function faultText(text: string): string {
  return `${printable(text).trimEnd().replaceAll('\n', '\n  ')}\n`;
}

/** A console on which nothing steers the terminal, whoever wrote it. */
export function printableConsole(console: Console): Console {
  return {
    ...console,
    write: (text) => console.write(printable(text)),
    writeError: (text) => console.writeError(printable(text)),
    writeTitle: (text) => console.writeTitle(oneLine(text)),
  };
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }).join('');
}
