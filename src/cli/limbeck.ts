import { main } from './main.ts';
import { openConsole } from './openConsole.ts';

const OFTEN_MS = 60_000;

// No await at the top: in one file, what is imported later stands below this line.
async function run(): Promise<void> {
  // What is computed beside this thread does not keep Node alive by itself; the command is not done yet.
  const alive = setInterval(() => undefined, OFTEN_MS);
  try {
    process.exitCode = await main(process.argv.slice(2), await openConsole());
  } finally {
    clearInterval(alive);
  }
}

void run();
