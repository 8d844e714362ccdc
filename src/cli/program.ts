import { Command } from 'commander';
import { version } from '../protocol/version';
import { addAsk } from './commands/ask';
import { addDoctor } from './commands/doctor';
import { addEvaluate } from './commands/evaluate';
import { addIndex } from './commands/index';
import { addInit } from './commands/init';
import { addInspect } from './commands/inspect';
import { addLineage } from './commands/lineage';
import { addProbe } from './commands/probe';
import { addPrune } from './commands/prune';
import { addScore } from './commands/score';
import { addServe } from './commands/serve';
import { addStore } from './commands/store';
import { addTest } from './commands/test';
import { addTrace } from './commands/trace';
import { addTrain } from './commands/train';
import { addVerify } from './commands/verify';

/** In the order of the help text. Each adds one command whose code is loaded when it runs. */
const commands: readonly ((program: Command) => void)[] = [
  addInit,
  addDoctor,
  addInspect,
  addAsk,
  addScore,
  addTest,
  addTrain,
  addIndex,
  addTrace,
  addEvaluate,
  addVerify,
  addProbe,
  addPrune,
  addStore,
  addLineage,
  addServe,
];

/** The whole command line. Parsing errors throw (`CommanderError`) and never end the process. */
export function buildProgram(): Command {
  const program = new Command('whence')
    .description('See which training rows made a fine-tuned language model do what it does.')
    .version(version, '--version')
    .showHelpAfterError('(run with --help to see every flag)')
    .exitOverride()
    .configureOutput({
      writeErr: (text) => {
        if (!process.argv.includes('--json')) process.stderr.write(text);
      },
    });
  for (const add of commands) add(program);
  const inherit = (parent: Command): void => {
    for (const command of parent.commands) {
      command.copyInheritedSettings(parent);
      inherit(command);
    }
  };
  inherit(program);
  return program;
}
