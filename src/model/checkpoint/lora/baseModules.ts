/** The modules of a base model that can be adapted, known by its parameters: names, shapes and which way round the matrix lies. */

export interface BaseModule {
  /** Canonical module path. */
  readonly module: string;
  /** The path under which the adapter knows it; differs for the head of GPT-NeoX only. */
  readonly adapterPath: string;
  /** Elements of an input and an output row. */
  readonly inputs: number;
  readonly outputs: number;
  readonly kind: 'linear' | 'embedding' | 'outputHead';
}

/** What an adapter can name in its base. */
export interface BaseModel {
  /** By canonical module path. A tied head is a module too. */
  readonly modules: ReadonlyMap<string, BaseModule>;
  /** Parameter name -> shape, a tied head's weight included. */
  readonly parameters: ReadonlyMap<string, readonly number[]>;
  /** Names of the two parameters that are one, where the head is tied. */
  readonly tied: { readonly input: string; readonly output: string } | undefined;
  /** The name an adapter uses for a canonical parameter or module path. */
  readonly adapterName: (canonical: string) => string;
}

/** GPT-2's Conv1D keeps [in, out]; every Linear keeps [out, in]. */
const conv1d = /(?:^|\.)h\.\d+\.(?:attn|mlp|crossattention)\.(?:c_attn|c_proj|c_fc|q_attn)$/;
const embedding = /(?:^|\.)(?:embed_tokens|wte|wpe|embed_in)$/;
const neoxHead = 'embed_out';
const usualHead = 'lm_head';
const neoxEmbedding = 'gpt_neox.embed_in.weight';
const inputEmbeddings = ['model.embed_tokens.weight', 'transformer.wte.weight', neoxEmbedding];

/**
 * `parameters` maps the base's canonical parameter names to shapes, without the head where it is tied. `storedNames` are
 * the tensor names of the adapter: GPT-NeoX's head is `embed_out` in those of transformers 4 and `lm_head` in newer ones.
 */
export function describeBase(
  parameters: ReadonlyMap<string, readonly number[]>,
  storedNames: readonly string[],
): BaseModel {
  const input = inputEmbeddings.find((name) => parameters.has(name));
  const output = `${input === neoxEmbedding ? neoxHead : usualHead}.weight`;
  const tied = input !== undefined && !parameters.has(output) ? { input, output } : undefined;
  const all = new Map(parameters);
  if (tied !== undefined) all.set(tied.output, parameters.get(tied.input)!);
  // Unless its tensors say embed_out, an adapter of GPT-NeoX is taken to come from transformers 5.
  const newHead = input === neoxEmbedding && !storedNames.some((name) => name.includes(`.${neoxHead}.`));
  const adapterName = (canonical: string) => (newHead ? canonical.replace(/^embed_out(?=\.|$)/, usualHead) : canonical);
  return { modules: findModules(all, adapterName), parameters: all, tied, adapterName };
}

function findModules(
  parameters: ReadonlyMap<string, readonly number[]>,
  adapterName: (canonical: string) => string,
): Map<string, BaseModule> {
  const modules = new Map<string, BaseModule>();
  for (const [name, shape] of parameters) {
    if (!name.endsWith('.weight') || shape.length !== 2) continue;
    const module = name.slice(0, -'.weight'.length);
    const [rows, columns] = shape as readonly [number, number];
    const [outputs, inputs] = conv1d.test(module) ? [columns, rows] : [rows, columns];
    const kind = embedding.test(module)
      ? 'embedding'
      : module === usualHead || module === neoxHead
        ? 'outputHead'
        : 'linear';
    modules.set(module, { module, adapterPath: adapterName(module), inputs, outputs, kind });
  }
  return modules;
}
