/**
 * Frequencies of rotary position embeddings as transformers' `modeling_rope_utils` defines them. With b = rope_theta
 * and n rotated elements of a head, the plain frequency of pair i is f_i = b^(-2i/n) radians per position.
 *
 * default   f_i
 * linear    f_i / factor
 * llama3    f_i / factor for wavelengths above L / low, f_i below L / high, blended between (L: original length)
 * yarn      blend of f_i / factor and f_i by a ramp over pairs; cos and sin times 0.1 ln(factor) + 1
 * longrope  f_i / short_i up to the original length, f_i / long_i beyond; cos and sin times sqrt(1 + ln s / ln L)
 * dynamic   f_i up to the trained length; longer sequences, whose base would depend on their length, are refused
 */
import type { Rotary } from '../../modelConfig';
import type { ConfigReader } from './configReader';

const positive = { minimum: 1e-6, maximum: 1e12 };
const bases = { minimum: 1.0001, maximum: 1e15 };
const lengths = { minimum: 2, maximum: 2 ** 30 };

export interface RotaryShape {
  readonly headSize: number;
  readonly maximumPositions: number;
  /** `rope_theta` where the parameters have none (checked by the caller). */
  readonly theta: number;
  /** Share of a head's elements that turn, where the parameters do not say. */
  readonly partial: number;
  /** Families whose plain rope ignores a partial factor refuse one. */
  readonly partialAllowed: 'yes' | 'no';
  /** Original length where the parameters have none, and whether it overrules them (Phi-3). */
  readonly originalLength: { readonly value: number; readonly overrules: 'yes' | 'no' };
  /** Names that mean longrope in this family. */
  readonly longropeNames: readonly string[];
}

export interface ParsedRotary {
  readonly rotary: Rotary;
  readonly lengthLimit: number | undefined;
}

/** The rotary embedding that `rope_parameters` (or the older `rope_scaling`) describes; none: plain. */
export function parseRotary(
  parameters: ConfigReader | undefined,
  shape: RotaryShape,
  root: ConfigReader,
): ParsedRotary {
  const theta = parameters?.optionalNumber('rope_theta', bases) ?? shape.theta;
  const partial = parameters?.optionalNumber('partial_rotary_factor', { minimum: 0, maximum: 1 }) ?? shape.partial;
  if (partial !== 1 && shape.partialAllowed === 'no') {
    throw (parameters ?? root).unsupported('partial_rotary_factor', 'rotation of a part of each head');
  }
  const rotated = Math.trunc(shape.headSize * partial);
  const pairs = Math.ceil(rotated / 2);
  if (pairs < 1 || 2 * pairs > shape.headSize) {
    throw root.refuse('head_dim', `is ${shape.headSize}: ${rotated} elements cannot be rotated in pairs`);
  }
  const plain = Array.from({ length: pairs }, (_, i) => theta ** ((-2 * i) / rotated));
  const made = (frequencies: readonly number[], scaling: number): ParsedRotary => ({
    rotary: { frequencies, scaling, long: undefined },
    lengthLimit: undefined,
  });
  if (parameters === undefined) return made(plain, 1);

  const type = ropeType(parameters, shape);
  const originalLength = (): number =>
    shape.originalLength.overrules === 'yes'
      ? shape.originalLength.value
      : parameters.integer('original_max_position_embeddings', shape.originalLength.value, lengths);
  switch (type) {
    case 'default':
      return made(plain, 1);
    case 'linear': {
      const factor = parameters.requiredNumber('factor', positive);
      return made(
        plain.map((frequency) => frequency / factor),
        1,
      );
    }
    case 'dynamic':
      parameters.requiredNumber('factor', positive);
      return { ...made(plain, 1), lengthLimit: shape.maximumPositions };
    case 'llama3':
      return made(llama3(parameters, plain, originalLength()), 1);
    case 'yarn':
      return yarn(parameters, { plain, theta, rotated, originalLength: originalLength(), shape }, made);
    case 'longrope':
      return longrope(parameters, plain, originalLength(), shape);
    default:
      throw parameters.unsupported(parameters.has('rope_type') ? 'rope_type' : 'type', `"${type}" positions`);
  }
}

function ropeType(parameters: ConfigReader, shape: RotaryShape): string {
  const name = parameters.optionalText('rope_type') ?? parameters.optionalText('type') ?? 'default';
  return shape.longropeNames.includes(name) ? 'longrope' : name;
}

function llama3(parameters: ConfigReader, plain: readonly number[], originalLength: number): readonly number[] {
  const factor = parameters.requiredNumber('factor', positive);
  const low = parameters.requiredNumber('low_freq_factor', positive);
  const high = parameters.requiredNumber('high_freq_factor', positive);
  if (high <= low) throw parameters.refuse('high_freq_factor', `is ${high}, not above low_freq_factor ${low}`);
  return plain.map((frequency) => {
    const turns = (originalLength * frequency) / (2 * Math.PI);
    if (turns > high) return frequency;
    if (turns < low) return frequency / factor;
    const smooth = (turns - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

interface YarnContext {
  readonly plain: readonly number[];
  readonly theta: number;
  readonly rotated: number;
  readonly originalLength: number;
  readonly shape: RotaryShape;
}

function yarn(
  parameters: ConfigReader,
  { plain, theta, rotated, originalLength, shape }: YarnContext,
  made: (frequencies: readonly number[], scaling: number) => ParsedRotary,
): ParsedRotary {
  const factor = parameters.optionalNumber('factor', positive) ?? shape.maximumPositions / originalLength;
  const fast = parameters.number('beta_fast', 32, positive);
  const slow = parameters.number('beta_slow', 1, positive);
  // The pair that turns `turns` times over the original length.
  const pairOf = (turns: number): number =>
    (rotated * Math.log(originalLength / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const whole = parameters.flag('truncate', 'yes');
  const start = Math.max(whole ? Math.floor(pairOf(fast)) : pairOf(fast), 0);
  const end = Math.min(whole ? Math.ceil(pairOf(slow)) : pairOf(slow), rotated - 1);
  const width = end === start ? 0.001 : end - start;
  const frequencies = plain.map((frequency, i) => {
    const ramp = Math.min(Math.max((i - start) / width, 0), 1);
    return (frequency / factor) * ramp + frequency * (1 - ramp);
  });
  const magnitude = (scale: number): number => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const scale = parameters.optionalNumber('mscale', { minimum: 0, maximum: 1e6 });
  const scaleAll = parameters.optionalNumber('mscale_all_dim', { minimum: 0, maximum: 1e6 });
  const inferred = scale && scaleAll ? magnitude(scale) / magnitude(scaleAll) : magnitude(1);
  return made(frequencies, parameters.number('attention_factor', inferred, positive));
}

function longrope(
  parameters: ConfigReader,
  plain: readonly number[],
  originalLength: number,
  shape: RotaryShape,
): ParsedRotary {
  const factor = parameters.optionalNumber('factor', positive) ?? shape.maximumPositions / originalLength;
  const inferred = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalLength));
  const divided = (key: string): readonly number[] => {
    const divisors = parameters.numbers(key, plain.length, positive);
    return plain.map((frequency, i) => frequency / divisors[i]!);
  };
  return {
    rotary: {
      frequencies: divided('short_factor'),
      scaling: parameters.number('attention_factor', inferred, positive),
      long: { frequencies: divided('long_factor'), above: originalLength },
    },
    lengthLimit: undefined,
  };
}
