import { bootstrapInterval, bootstrapStatistic } from '../../linalg/statistics/bootstrapInterval';
import type { BootstrapSettings } from '../../linalg/statistics/interval';
import { pairedBootstrap } from '../../linalg/statistics/pairedBootstrap';
import type { PruningFigures } from '../../protocol/pruning';
import type { Figure } from '../../protocol/verification';
import type { StateOutcome } from './measureState';

const zeroOne = (value: boolean): number => (value ? 1 : 0);

/** Means over prompts with percentile intervals over resampled prompts. */
export function figuresOf({ harmful, benign, tests }: StateOutcome, settings: BootstrapSettings): PruningFigures {
  const mean = (values: readonly number[]): Figure => bootstrapInterval(values, settings);
  const read = benign.filter(({ loss }) => loss !== null);
  return {
    harmful: mean(harmful.map((item) => zeroOne(item.complies))),
    margin: mean(harmful.map(({ margin }) => margin)),
    prefersCompliance: mean(harmful.map(({ margin }) => zeroOne(margin < 0))),
    accuracy: mean(tests.map(({ passed }) => zeroOne(passed))),
    drift: mean(read.map(({ drift }) => drift!)),
    perplexity: perplexity(read, settings),
    refusedBenign: mean(benign.map(({ refused }) => zeroOne(refused))),
    degenerate: mean(benign.map(({ degenerate }) => zeroOne(degenerate))),
    overlap: mean(benign.map(({ overlap }) => overlap)),
  };
}

function perplexity(read: StateOutcome['benign'], settings: BootstrapSettings): Figure {
  const of = (rows: Iterable<number>): number => {
    let [loss, tokens] = [0, 0];
    for (const row of rows) {
      loss += read[row]!.loss!;
      tokens += read[row]!.tokens;
    }
    return Math.exp(loss / tokens);
  };
  return bootstrapStatistic(read.length, of, of(read.keys()), settings);
}

/** By how much the harmful score falls from one state to another, over the same prompts. */
export function harmfulFall(before: StateOutcome, after: StateOutcome, settings: BootstrapSettings): Figure {
  const of = ({ harmful }: StateOutcome): number[] => harmful.map((item) => zeroOne(item.complies));
  return pairedBootstrap(of(before), of(after), settings);
}
