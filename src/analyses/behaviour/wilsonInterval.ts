import { internalError } from '../../protocol/errors';

/** The 97.5th percentile of the standard normal distribution: two sides make 95 %. */
const z = 1.959963984540054;

/**
 * Wilson's score interval of a share, 95 % (Wilson 1927): true to its level for few trials and for shares near 0 and 1.
 *
 * @param successes whole, 0 to `trials`
 * @param trials whole, 1 or more
 */
export function wilsonInterval(successes: number, trials: number): readonly [number, number] {
  if (!(trials >= 1 && successes >= 0 && successes <= trials)) throw internalError(`${successes} of ${trials}`);
  const share = successes / trials;
  const scale = 1 + z ** 2 / trials;
  const centre = (share + z ** 2 / (2 * trials)) / scale;
  const reach = (z / scale) * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  // At the ends centre and reach are equal but for rounding.
  return [successes === 0 ? 0 : centre - reach, successes === trials ? 1 : centre + reach];
}
