import { COMMON, type Command, type Option } from './command.ts';

/** Where the texts of the options begin, at most; what is longer gets a line of its own. */
const WIDEST_OPTION = 26;
const WIDTH = 120;

/** What `limbeck NAME --help` writes. */
export function helpOf({ name, summary, usage, about, options, fails }: Command): string {
  const parts = [
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    `Usage\n  limbeck ${name} ${usage}`,
    ...(about === undefined ? [] : [about]),
    ['Options', ...optionLines({ ...options, ...COMMON })].join('\n'),
    wrapped(
      `Ends with 0; with 1 ${fails}; with 2 where the command line is wrong; with 130 when it is interrupted.`,
      WIDTH,
    ).join('\n'),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** What `limbeck --help` writes. */
export function overview(commands: readonly Command[]): string {
  const width = commands.reduce((most, { name, usage }) => Math.max(most, startOf(name, usage).length), 0);
  const lines = commands.map(
    ({ name, usage, summary }) => `  limbeck ${startOf(name, usage).padEnd(width)}  ${summary}`,
  );
  return `limbeck: knowledge distillation and personalization on your own device

Usage
${lines.join('\n')}

  limbeck COMMAND --help${' '.repeat(Math.max(width - 14, 0))}  the options of a command
  limbeck --version${' '.repeat(Math.max(width - 9, 0))}  the version

NO_COLOR, or a pipe, gives plain text; --json gives JSON.
Exit codes: 0 fine, 1 a finding or a failure, 2 a wrong command line, 130 interrupted.
`;
}

/** A command with what it is about, without its options. */
function startOf(name: string, usage: string): string {
  return `${name} ${usage.replace(/\[options\] ?/, '').replaceAll(/--[\w-]+ \S+ /g, '')}`.trimEnd();
}

/** The flags of an option as the help writes them: "-o, --output FILE". */
export function flagsOf(name: string, { short, kind, value, words }: Option): string {
  const shown = value ?? (words === undefined ? 'VALUE' : name.toUpperCase());
  return `${short === undefined ? '' : `-${short}, `}--${name}${kind === 'flag' ? '' : ` ${shown}`}`;
}

function optionLines(options: Readonly<Record<string, Option>>): string[] {
  const rows = Object.entries(options).map(([name, option]) => [flagsOf(name, option), textOf(option)] as const);
  const width = rows.reduce((most, [flags]) => (flags.length > WIDEST_OPTION ? most : Math.max(most, flags.length)), 0);
  const indent = ' '.repeat(width + 4);
  return rows.flatMap(([flags, text]) => {
    const [first = '', ...rest] = wrapped(text, WIDTH - indent.length);
    const begin = flags.length > width ? [`  ${flags}`, `${indent}${first}`] : [`  ${flags.padEnd(width)}  ${first}`];
    return [...begin, ...rest.map((line) => indent + line)];
  });
}

function textOf({ help, words, value, kind }: Option): string {
  const several = kind === 'texts' ? '; may be given several times' : '';
  const choice = words === undefined || value !== undefined ? '' : `${words.join(', ')}; `;
  return `${choice}${help}${several}`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
