import { gaussianMatrix } from '../../../linalg/gaussianMatrix';
import { type Columns, layOut } from '../gradients/columns';

export interface ProjectionSettings {
  /** Of all modules together. */
  readonly dimensions: number;
  readonly seed: number;
}

/**
 * The columns of projected gradients P_out^T D P_in (LoGra, Choe et al. 2024, arXiv 2405.13954). Every module gets a
 * share of the dimensions in proportion to its size, about as many on either side; a side narrower than its part stays
 * as it is, and leaves the more to the other (LoRA's rank side). Projections are Gaussian with variance 1 / k.
 *
 * @param whole not projected
 */
export function projectColumns(whole: Columns, settings: ProjectionSettings): Columns {
  const { dimensions, seed } = settings;
  const feeds: Record<string, Float32Array> = {};
  const sides = new Map<string, { readonly input: string | undefined; readonly output: string | undefined }>();
  const modules = whole.list.map(({ name, inputSize, outputSize, size }) => {
    const narrow = projectedSizes(inputSize, outputSize, (dimensions * size) / whole.width);
    const feed = (side: 'input' | 'output', from: number, to: number): string | undefined => {
      if (from === to) return undefined;
      const label = `projection of ${name} ${side}`;
      feeds[label] = gaussianMatrix(from, to, seed, label);
      return label;
    };
    sides.set(name, {
      input: feed('input', inputSize, narrow.input),
      output: feed('output', outputSize, narrow.output),
    });
    return { name, inputSize: narrow.input, outputSize: narrow.output };
  });
  return { ...layOut(whole.kind, modules), projection: { dimensions, seed, feeds, sides } };
}

/** Widths after projection whose product is about `share`, 1 or more, and no wider than the sides are. */
function projectedSizes(
  inputSize: number,
  outputSize: number,
  share: number,
): { readonly input: number; readonly output: number } {
  const within = (value: number, most: number): number => Math.min(most, Math.max(1, Math.round(value)));
  const output = within(Math.sqrt(share), outputSize);
  const input = within(share / output, inputSize);
  // A narrow input leaves more to the output, as a narrow output has left more to the input.
  return { input, output: within(share / input, outputSize) };
}
