import type { Command } from 'commander';
import { addGlobalFlags, collect, type GlobalFlags } from '../globalFlags';

export interface TrainFlags extends GlobalFlags {
  readonly recipe: string;
  readonly model?: string;
  readonly adapter?: string;
  readonly data?: readonly string[];
}

/** `whence train`: fine-tune by a recipe; resumable; recorded. */
export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .description(
      'Fine-tune by a recipe (LoRA or full). Recorded step by step; run again, it resumes where it was stopped.',
    )
    .requiredOption('--recipe <file.json>', 'the recipe')
    .option('--model <name|path>', "instead of the recipe's model")
    .option('--adapter <dir>', 'PEFT adapter to go on from')
    .option('--data <name|file>', "instead of the recipe's data; may be repeated", collect);
  addGlobalFlags(command, 'folder of the result (required); an existing other result is never overwritten')
    .addHelpText(
      'after',
      `
A recipe, with the defaults of what is left out shown by --json:
  { "model": "models/base", "data": "train.jsonl", "method": "lora", "lora": { "r": 8, "alpha": 16 },
    "optimizer": { "name": "adamw", "lr": 1e-3 }, "batchSize": 8, "epochs": 3, "seed": 1 }

Examples:
  whence train --recipe recipe.json --out models/tuned
  whence train --recipe recipe.json --model models/other --out models/tuned-other --json`,
    )
    .action(async (flags: TrainFlags) => (await import('../run/train')).runTrain(flags));
}
