import { main } from './main.ts';
import { openConsole } from './openConsole.ts';

// No await at the top: in one file, what is imported later stands below this line.
async function run(): Promise<void> {
  process.exitCode = await main(process.argv.slice(2), await openConsole());
}

void run();
