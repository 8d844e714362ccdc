/** Rotary-embedding settings of a GGUF file in Hugging Face spelling; llama 3's and Phi-3's lie in tensors of factors. */
import type { JsonObject } from '../../../protocol/json';
import type { GgufSettings } from './ggufConfig';
import { readGgufTensor } from './readGgufTensor';

const defaultBase = 10_000;

/** `rope_theta` and, where the file scales, `rope_scaling`. Throws a UserError for a scaling it cannot express. */
export async function ropeConfig(settings: GgufSettings, headSize: number): Promise<JsonObject> {
  const base = settings.number('rope.freq_base') ?? defaultBase;
  const theta: JsonObject = { rope_theta: base };
  const long = await factorsOf(settings, 'rope_factors_long.weight');
  const short = await factorsOf(settings, 'rope_factors_short.weight');
  const original = settings.count('rope.scaling.original_context_length');
  if (long !== undefined && short !== undefined) {
    return {
      ...theta,
      original_max_position_embeddings: original ?? settings.requiredCount('context_length'),
      rope_scaling: { rope_type: 'longrope', type: 'longrope', long_factor: long, short_factor: short },
    };
  }
  const factors = await factorsOf(settings, 'rope_freqs.weight');
  if (factors !== undefined) return { ...theta, rope_scaling: llama3Scaling(settings, factors, base, headSize) };
  return { ...theta, rope_scaling: statedScaling(settings, original) };
}

function statedScaling(settings: GgufSettings, original: number | undefined): JsonObject | null {
  // `rope.scale_linear` is how old files spell it.
  const factor = settings.number('rope.scaling.factor') ?? settings.number('rope.scale_linear');
  const type = settings.text('rope.scaling.type') ?? (factor === undefined || factor === 1 ? 'none' : 'linear');
  switch (type) {
    case 'none':
      return null;
    case 'linear':
      return factor === undefined || factor === 1 ? null : { rope_type: 'linear', factor };
    case 'yarn': {
      if (factor === undefined || original === undefined) {
        throw settings.refusal('yarn scaling lacks its factor or original context length');
      }
      return { rope_type: 'yarn', factor, original_max_position_embeddings: original };
    }
    default:
      throw settings.refusal(`rope scaling "${type}" cannot be read; none, linear, yarn, llama3 and longrope can`);
  }
}

async function factorsOf(settings: GgufSettings, name: string): Promise<readonly number[] | undefined> {
  const tensor = settings.header.tensors.get(name);
  if (tensor === undefined) return undefined;
  if (tensor.type !== 'F32' || tensor.shape.length !== 1 || tensor.shape[0]! > 65_536) {
    throw settings.refusal(`${name} is not a short list of float32 factors`);
  }
  const { file } = settings.header;
  return [...(await readGgufTensor({ kind: 'gguf', ...tensor, file, layout: { kind: 'asIs' } }))];
}

/**
 * Finds the llama 3 settings whose frequency factors are the stored ones: factor is the largest, the other settings are
 * those the published models use. Formula: transformers `_compute_llama3_parameters`.
 */
function llama3Scaling(
  settings: GgufSettings,
  factors: readonly number[],
  base: number,
  headSize: number,
): JsonObject | null {
  const factor = Math.max(...factors);
  if (factors.every((value) => value === 1)) return null;
  for (const original of [8192, 4096, 2048, 16_384, 32_768]) {
    const low = 1;
    const high = 4;
    const expected = factors.map((_, index) => {
      const wavelength = 2 * Math.PI * base ** ((2 * index) / headSize);
      if (wavelength < original / high) return 1;
      if (wavelength > original / low) return factor;
      const smooth = (original / wavelength - low) / (high - low);
      return 1 / ((1 - smooth) / factor + smooth);
    });
    if (expected.every((value, index) => Math.abs(value - factors[index]!) <= 1e-4 * value)) {
      return {
        rope_type: 'llama3',
        factor,
        low_freq_factor: low,
        high_freq_factor: high,
        original_max_position_embeddings: original,
      };
    }
  }
  throw settings.refusal('rope_freqs.weight follows no known llama 3 scaling');
}
