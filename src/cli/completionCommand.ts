import { LimbeckError } from '../core/errors.ts';
import { COMMON, type Command, command, type Option } from './command.ts';
import { jsonText } from './printable.ts';

const SHELLS = { bash, zsh, fish } as const;
const NAMES = Object.keys(SHELLS) as (keyof typeof SHELLS)[];

/** The command that completes the others, and itself. */
export function completionCommand(others: readonly Command[]): Command {
  const completion: Command = command({
    name: 'completion',
    summary: 'writes what makes bash, zsh or fish complete commands and options',
    usage: `${NAMES.join('|')}`,
    about: `bash  limbeck completion bash > ~/.local/share/bash-completion/completions/limbeck
zsh   echo 'eval "$(limbeck completion zsh)"' >> ~/.zshrc
fish  limbeck completion fish > ~/.config/fish/completions/limbeck.fish

With --json: the commands and their options.`,
    options: {},
    words: NAMES,
    fails: 'never',
    work({ json }, [shell, ...more], console) {
      const commands = [...others, completion];
      if (json) {
        const shown = commands.map(({ name, summary, usage, options }) => ({
          name,
          summary,
          usage,
          options: { ...options, ...COMMON },
        }));
        console.write(jsonText(shown));
        return;
      }
      const known = NAMES.find((name) => name === shell);
      if (known === undefined || more.length > 0) {
        throw new LimbeckError('invalid-option', `Name one shell: ${NAMES.join(', ')}.`);
      }
      console.write(SHELLS[known](commands));
    },
  });
  return completion;
}

/** Every option of a command with its name. */
function optionsOf({ options }: Command): [string, Option][] {
  return Object.entries<Option>({ ...options, ...COMMON });
}

function flagNames(one: Command): string {
  return optionsOf(one)
    .flatMap(([name, { short }]) => (short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]))
    .join(' ');
}

// Names and words are this package's own: letters, digits and hyphens, so that none needs a quote. Help texts are quoted.
function bash(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const choices = commands.flatMap((one) =>
    optionsOf(one).flatMap(([name, { words }]) =>
      words === undefined ? [] : [`    "${one.name} --${name}") words="${words.join(' ')}" ;;`],
    ),
  );
  const options = commands.map((one) => `      ${one.name}) words="${flagNames(one)}" ;;`);
  const plain = commands.flatMap(({ name, words }) =>
    words === undefined ? [] : [`      ${name}) words="${words.join(' ')}" ;;`],
  );
  return `_limbeck() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" cmd="\${COMP_WORDS[1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names} --help --version" -- "$cur"))
    return
  fi
  case "$cmd $prev" in
${choices.join('\n')}
  esac
  if [ -z "$words" ]; then
    case "$cur" in
    -*) case "$cmd" in
${options.join('\n')}
      esac ;;
    *) case "$cmd" in
${plain.join('\n')}
      esac ;;
    esac
  fi
  if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$cur")); else compopt -o default 2>/dev/null; fi
}
complete -o bashdefault -o default -F _limbeck limbeck
`;
}

/** zsh runs the functions of bash. */
function zsh(commands: readonly Command[]): string {
  return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
}

function fish(commands: readonly Command[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return commands
    .flatMap((one) => {
      const here = `complete -c limbeck -n '__fish_seen_subcommand_from ${one.name}'`;
      return [
        `complete -c limbeck -n __fish_use_subcommand -f -a ${one.name} -d ${quoted(one.summary)}`,
        ...(one.words === undefined ? [] : [`${here} -f -a '${one.words.join(' ')}'`]),
        ...optionsOf(one).map(([name, { short, kind, words, help }]) => {
          const takes = kind === 'flag' ? '' : words === undefined ? ' -r' : ` -x -a '${words.join(' ')}'`;
          return `${here} -l ${name}${short === undefined ? '' : ` -s ${short}`}${takes} -d ${quoted(help)}`;
        }),
      ];
    })
    .join('\n')
    .concat('\n');
}
