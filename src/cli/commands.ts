import { assetsCommand } from './assetsCommand.ts';
import { benchCommand } from './benchCommand.ts';
import type { Command } from './command.ts';
import { completionCommand } from './completionCommand.ts';
import { demoCommand } from './demoCommand.ts';
import { distillCommand } from './distillCommand.ts';
import { doctorCommand } from './doctorCommand.ts';
import { exportCommand } from './exportCommand.ts';
import { federateCommand } from './federateCommand.ts';
import { inspectCommand } from './inspectCommand.ts';
import { personalizeCommand } from './personalizeCommand.ts';
import { quantizeCommand } from './quantizeCommand.ts';
import { runCommand } from './runCommand.ts';

/** In the order of the help. A new one is its file and a line here. */
const WORKING: readonly Command[] = [
  demoCommand,
  inspectCommand,
  distillCommand,
  personalizeCommand,
  exportCommand,
  quantizeCommand,
  runCommand,
  federateCommand,
  benchCommand,
  doctorCommand,
  assetsCommand,
];

export const COMMANDS: readonly Command[] = [...WORKING, completionCommand(WORKING)];
