/**
 * Which modules an adapter's config names, and the rank and scaling of each. The rules are peft's
 * (`check_target_module_exists`, `get_pattern_key`).
 */
import { inputError } from '../../../protocol/errors';
import type { BaseModule } from './baseModules';
import type { LoraConfig, ModuleSelection } from './loraConfig';
import { matchPatterns } from './matchPatterns';

export interface TargetModule {
  readonly base: BaseModule;
  readonly rank: number;
  readonly scaling: number;
}

/**
 * By canonical module path. `file` is the config's; `stored` are the paths that the adapter file has tensors for (used
 * where the config names none). Throws a UserError where nothing is named.
 */
export function resolveTargets(
  file: string,
  config: LoraConfig,
  modules: ReadonlyMap<string, BaseModule>,
  stored: ReadonlySet<string>,
): ReadonlyMap<string, TargetModule> {
  const chosen = selectModules(file, config, [...modules.values()], stored);
  if (chosen.length === 0) {
    throw inputError(
      'adapter-no-targets',
      `${file}: target_modules names no module of the base model.`,
      'Name the base model that the adapter was trained on.',
    );
  }
  const ranks = patternValues(file, config.rankPattern, chosen, config.rank);
  const alphas = patternValues(file, config.alphaPattern, chosen, config.alpha);
  return new Map(
    chosen.map((base, index) => {
      const rank = ranks[index]!;
      const divisor = config.scaling === 'alphaOverRank' ? rank : Math.sqrt(rank);
      return [base.module, { base, rank, scaling: alphas[index]! / divisor }];
    }),
  );
}

function selectModules(
  file: string,
  config: LoraConfig,
  all: readonly BaseModule[],
  stored: ReadonlySet<string>,
): readonly BaseModule[] {
  const excluded = new Set(config.excluded === undefined ? [] : select(file, config.excluded, all));
  const savedWhole = new Set(select(file, savedModules(config), all));
  const candidates = all.filter((module) => !excluded.has(module) && !savedWhole.has(module));
  if (config.targets === 'unstated') return candidates.filter(({ adapterPath }) => stored.has(adapterPath));
  if (config.targets === 'all-linear') return candidates.filter(({ kind }) => kind === 'linear');
  const selected = select(file, config.targets, candidates);
  if ('pattern' in config.targets) return selected;
  // peft chooses layers among modules named by their end, not among those named in full.
  const { suffixes } = config.targets;
  const named = new Set(suffixes);
  const chosen = new Set(inChosenLayers(file, config, selected));
  return selected.filter((module) => named.has(module.adapterPath) || chosen.has(module));
}

/** peft never adapts what is saved whole, nor anything inside it. */
function savedModules(config: LoraConfig): ModuleSelection {
  return { pattern: `(?:.*\\.)?(?:${config.modulesToSave.join('|') || '(?!)'})(?:\\..*)?` };
}

function select(file: string, selection: ModuleSelection, modules: readonly BaseModule[]): readonly BaseModule[] {
  if ('pattern' in selection) {
    const matched = matchPatterns(file, [selection.pattern], pathsOf(modules));
    return modules.filter((_, index) => matched[index] === 0);
  }
  const suffixes = new Set(selection.suffixes);
  // Every end of a path that begins at a dot is looked up: quick for any number of suffixes.
  return modules.filter(({ adapterPath }) => pathSuffixes(adapterPath).some((suffix) => suffixes.has(suffix)));
}

function pathsOf(modules: readonly BaseModule[]): string[] {
  return modules.map(({ adapterPath }) => adapterPath);
}

function pathSuffixes(name: string): string[] {
  const parts = name.split('.');
  return parts.map((_, index) => parts.slice(index).join('.'));
}

/** A layer's number is the first one in the path that follows its list's name. */
function inChosenLayers(file: string, config: LoraConfig, modules: readonly BaseModule[]): readonly BaseModule[] {
  const layers = config.layersToTransform;
  if (layers === undefined) return modules;
  const lists = config.layersPatterns.length === 0 ? ['[^.]+\\.[^.]*'] : config.layersPatterns;
  const numbers = `0*(?:${[...new Set(layers)].join('|')})`;
  const patterns = lists.map((list) => `(?:[^.\\d][^.]*\\.)*?(?:${list})\\.${numbers}\\..*`);
  const matched = matchPatterns(file, patterns, pathsOf(modules));
  return modules.filter((_, index) => matched[index] !== -1);
}

/** A pattern counts where it matches the end of a module path, from a dot on; the first one wins. */
function patternValues(
  file: string,
  values: ReadonlyMap<string, number>,
  modules: readonly BaseModule[],
  fallback: number,
): readonly number[] {
  if (values.size === 0) return modules.map(() => fallback);
  const patterns = [...values.keys()].map((key) => `(?:.*\\.)?(?:${key})`);
  const inOrder = [...values.values()];
  return matchPatterns(file, patterns, pathsOf(modules)).map((index) => (index === -1 ? fallback : inOrder[index]!));
}
