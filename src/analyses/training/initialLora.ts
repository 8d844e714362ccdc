import type { LoraSettings } from '../../data/recipe';
import { createRandom } from '../../linalg/random';
import type { LoraModule } from '../../model/checkpoint/types';
import { linearModules } from '../../model/linearModules';
import type { ModelConfig } from '../../model/modelConfig';
import type { LinearModule } from '../../model/modelPlan';
import { inputError } from '../../protocol/errors';

/** Modules that the recipe's targets name: a module path, or the end of one from a dot on, as in peft. */
export function targetedModules(config: ModelConfig, targets: LoraSettings['targets']): readonly LinearModule[] {
  const modules = linearModules(config);
  if (targets === 'all-linear') return modules.filter(({ role }) => role !== 'head');
  const matches = (module: string, target: string): boolean => module === target || module.endsWith(`.${target}`);
  for (const target of targets) {
    if (modules.some(({ module }) => matches(module, target))) continue;
    const endings = [...new Set(modules.map(({ module }) => module.split('.').at(-1)!))];
    throw inputError(
      'lora-target-unknown',
      `lora.targets names "${target}", which is no linear layer of this model.`,
      `Name one of ${endings.join(', ')}, or all-linear.`,
    );
  }
  const chosen = modules.filter(({ module }) => targets.some((target) => matches(module, target)));
  if (chosen.some(({ role }) => role === 'head') && config.tiedEmbeddings)
    throw inputError(
      'lora-target-tied',
      'lora.targets names the output head, which this model shares with its input embedding.',
      'Leave lm_head out of lora.targets.',
    );
  return chosen;
}

/**
 * A fresh adapter as peft makes it: A by kaiming_uniform_(a = sqrt(5)), which is uniform in +-1/sqrt(in); B zero. Each
 * module has its own stream of random numbers, so that its start does not depend on which others are adapted.
 */
export function initialLora(config: ModelConfig, settings: LoraSettings, seed: number): readonly LoraModule[] {
  const { r: rank, alpha, targets } = settings;
  return targetedModules(config, targets).map(({ module, inputSize, outputSize }) => {
    const random = createRandom(seed, `lora_A of ${module}`);
    const bound = 1 / Math.sqrt(inputSize);
    const a = Float32Array.from({ length: rank * inputSize }, () => (2 * random.uniform() - 1) * bound);
    return {
      module,
      rank,
      scaling: alpha / rank,
      a: { shape: [rank, inputSize], data: a },
      b: { shape: [outputSize, rank], data: new Float32Array(outputSize * rank) },
    };
  });
}
