import { createRandom } from '../../src/linalg/random';

const vocabulary = 30_000;
const fewestWords = 20;
const mostWords = 60;

/** Made-up texts number `first` up to `first + count`: word frequencies fall as in real text (Zipf). */
export function syntheticTexts(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const random = createRandom(first + i, 'text');
    const length = fewestWords + Math.floor(random.uniform() * (mostWords - fewestWords + 1));
    return Array.from({ length }, () => `w${Math.floor(vocabulary ** random.uniform())}`).join(' ');
  });
}
