import { isAbortError, LimbeckError, messageOf } from '../core/errors.ts';
import type { Console } from './openConsole.ts';

/**
 * Text that is safe on a terminal: escape sequences, carriage returns, characters that change the direction of text and
 * invisible ones are written like \u001b, which means the same in JSON. Line ends stay.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\n\p{Cn}]|[\p{Zl}\p{Zp}]/gu, escaped);
}

/** The same in one line, so that a name from a file cannot start a new one. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\u000a');
}

/** A report of several parts, with an empty line between them. */
export function reportText(parts: readonly (readonly string[])[]): string {
  const texts = parts.filter((lines) => lines.length > 0).map((lines) => lines.map(oneLine).join('\n'));
  return `${texts.join('\n\n')}\n`;
}

/** What --json writes. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What --json writes of a failure. */
export function failureJson(error: unknown, message: string): string {
  const code = error instanceof LimbeckError ? error.code : isAbortError(error) ? 'interrupted' : 'failed';
  return jsonText({ error: { code, message } });
}

/** An error message; lines after the first are indented, so that none looks like one of the command's. */
export function faultText(text: string): string {
  return `${printable(text).trimEnd().replaceAll('\n', '\n  ')}\n`;
}

/** An error with the place where the cause and the cure of its code stand. */
export function errorText(error: unknown, text = messageOf(error)): string {
  return `${faultText(text)}${error instanceof LimbeckError ? `Cause and cure: ${error.help}\n` : ''}`;
}

/** A console that writes only printable text. */
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
