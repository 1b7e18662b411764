/** What a long command shows while it works. */
export interface Progress {
  /** How much of a stage is done; a stage appears when it is first told. */
  set(stage: string, done: number, total: number, note: string): void;
  /** A line that stays. */
  say(line: string): void;
  stop(): void;
}

/** A line is written this often where nothing can move, and one when a stage ends. */
const LINE_MS = 5000;

/** Bars where the stream is a terminal, else lines. */
export async function openProgress(stream: NodeJS.WriteStream): Promise<Progress> {
  return stream.isTTY === true ? openBars(stream) : lines((text) => stream.write(text));
}

/** Lines, for a log. */
export function lines(write: (text: string) => void, now = () => performance.now()): Progress {
  const told = new Map<string, { at: number; isEnded: boolean }>();
  return {
    set(stage, done, total, note) {
      const last = told.get(stage);
      const isEnded = done >= total;
      if (last?.isEnded || (last !== undefined && !isEnded && now() - last.at < LINE_MS)) return;
      told.set(stage, { at: now(), isEnded });
      const percent = total > 0 ? Math.floor((100 * Math.min(done, total)) / total) : 100;
      write(`${stage.padEnd(9)} ${String(percent).padStart(3)} %  ${note}\n`);
    },
    say: (line) => write(`${line}\n`),
    stop: () => undefined,
  };
}

async function openBars(stream: NodeJS.WriteStream): Promise<Progress> {
  const { default: cliProgress } = await import('cli-progress');
  const bars = new cliProgress.MultiBar(
    { format: '{name} {bar} {percentage} %  {note}', barsize: 24, hideCursor: true, stream, clearOnComplete: false },
    cliProgress.Presets.rect,
  );
  const open = new Map<string, ReturnType<typeof bars.create>>();
  return {
    set(stage, done, total, note) {
      const bar = open.get(stage) ?? bars.create(total, 0, { name: stage.padEnd(9), note });
      open.set(stage, bar);
      bar.setTotal(Math.max(total, 1));
      bar.update(Math.min(done, Math.max(total, 1)), { note });
    },
    say: (line) => bars.log(`${line}\n`),
    stop: () => bars.stop(),
  };
}
