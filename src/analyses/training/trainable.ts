import type { HostTensor } from '../../model/checkpoint/types';

/** One adapted module, without its values. */
export interface LoraShape {
  /** Hugging Face module path. */
  readonly module: string;
  readonly rank: number;
  /** lora_alpha / rank, or lora_alpha / sqrt(rank) with rsLoRA. */
  readonly scaling: number;
}

/** What a run trains: tensors by name, in the order in which gradients and state are kept. */
export interface Trainable {
  readonly method: 'lora' | 'full';
  /** Empty for `full`. */
  readonly lora: readonly LoraShape[];
  /**
   * `MODULE.lora_A.weight` [rank, in], `MODULE.lora_B.weight` [out, rank]; base parameters under their own names. The
   * order is that in which gradient norms are summed: it decides bits.
   */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** Number of trained values. */
export function countElements({ shapes }: Trainable): number {
  return [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((product, extent) => product * extent, 1), 0);
}

/** Values of the trained tensors, changed in place by the optimiser. */
export type ParameterValues = ReadonlyMap<string, Float32Array>;

export function loraAName(module: string): string {
  return `${module}.lora_A.weight`;
}

export function loraBName(module: string): string {
  return `${module}.lora_B.weight`;
}

/** Adapter tensors module by module, then parameters replaced whole, by name. */
export function loraTensorOrder(lora: readonly LoraShape[], names: Iterable<string>): string[] {
  const adapters = lora.flatMap(({ module }) => [loraAName(module), loraBName(module)]);
  const known = new Set(adapters);
  return [...adapters, ...[...names].filter((name) => !known.has(name)).sort()];
}

/** Names, shapes and copies of the values of an adapter's modules and of the parameters that it replaces whole. */
export function trainableLora(
  modules: Iterable<LoraShape & { readonly a: HostTensor; readonly b: HostTensor }>,
  replaced: ReadonlyMap<string, HostTensor>,
): { readonly trainable: Trainable; readonly values: ParameterValues } {
  const lora: LoraShape[] = [];
  const tensors = new Map<string, HostTensor>();
  for (const { module, rank, scaling, a, b } of modules) {
    lora.push({ module, rank, scaling });
    tensors.set(loraAName(module), a);
    tensors.set(loraBName(module), b);
  }
  for (const [name, tensor] of replaced) tensors.set(name, tensor);
  const names = loraTensorOrder(lora, tensors.keys());
  return {
    trainable: { method: 'lora', lora, shapes: new Map(names.map((name) => [name, tensors.get(name)!.shape])) },
    values: new Map(names.map((name) => [name, tensors.get(name)!.data.slice()])),
  };
}
