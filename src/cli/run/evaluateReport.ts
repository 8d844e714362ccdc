import type { EvaluateOutcome, Figure } from '../../protocol/verification';
import { formatTable } from '../printTable';

/** What `whence evaluate` prints. */
export function formatEvaluation(outcome: EvaluateOutcome): string {
  const { planted, lds, qld, retrainings } = outcome;
  const sections = [
    planted === null ? '' : plantedText(planted),
    lds === null ? '' : ldsText(outcome, lds),
    qld === null ? '' : qldText(outcome, qld),
    planted === null ? `${retrainings.computed} retrainings computed, ${retrainings.read} read from the store.\n` : '',
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function plantedText(planted: NonNullable<EvaluateOutcome['planted']>): string {
  const lines = planted.flatMap(({ method, kinds }) => kinds.map((figures) => ({ method, ...figures })));
  const table = formatTable(
    [
      { title: 'method', align: 'left', cell: ({ method }) => method },
      { title: 'kind', align: 'left', cell: ({ kind }) => kind ?? 'all' },
      { title: 'queries', align: 'right', cell: ({ queries }) => `${queries}` },
      { title: 'AUROC', align: 'right', cell: ({ auroc }) => text(auroc) },
      { title: 'recall', align: 'right', cell: ({ recall }) => text(recall) },
      { title: 'MRR', align: 'right', cell: ({ meanReciprocalRank }) => text(meanReciprocalRank) },
    ],
    lines,
  );
  return `How well scores find the rows of each query's kind, means over queries. Likeness alone can find them: what removing rows\ndoes is another question (lds, qld).\n\n${table}`;
}

function ldsText(outcome: EvaluateOutcome, lds: NonNullable<EvaluateOutcome['lds']>): string {
  const { settings, removedRows, rows, evidence } = outcome;
  const protocol = settings.protocol === 'half' ? '50 %' : 'leave-1 %-out';
  const first = lds[0]!.method;
  const table = formatTable(
    [
      { title: 'method', align: 'left', cell: ({ method }) => method },
      { title: 'LDS', align: 'right', cell: ({ lds: figure }) => text(figure) },
      {
        title: `minus ${first}`,
        align: 'right',
        cell: ({ differences }) => {
          const found = differences.find(({ from }) => from === first);
          return found === undefined ? '' : text(found.difference);
        },
      },
      { title: 's', align: 'right', cell: ({ method }) => secondsOf(outcome, method) },
    ],
    lds,
  );
  return `Rank correlation of predicted and actual changes, mean over ${lds[0]!.perQuery.length} queries; protocol ${protocol}: ${settings.budget} drops of ${removedRows} of\n${rows} rows, in place (evidence: ${evidence}). Figures of the two protocols are not comparable.\n\n${table}`;
}

function qldText(outcome: EvaluateOutcome, { methods, random }: NonNullable<EvaluateOutcome['qld']>): string {
  const { settings, removedRows, rows, evidence } = outcome;
  const table = formatTable(
    [
      { title: 'method', align: 'left', cell: ({ method }) => method },
      { title: 'rise in nats', align: 'right', cell: ({ qld }) => text(qld) },
      { title: 'minus random', align: 'right', cell: ({ againstRandom }) => text(againstRandom) },
      {
        title: 'minus bm25',
        align: 'right',
        cell: ({ againstBm25 }) => (againstBm25 === null ? '' : text(againstBm25)),
      },
    ],
    methods,
  );
  return `Rise of the queries' loss without the top ${removedRows} of ${rows} rows of each method, mean over ${methods[0]!.perQuery.length} queries, in place\n(evidence: ${evidence}). ${settings.budget} random removals of the same size: ${text(random)}.\n\n${table}`;
}

function secondsOf({ scoreSeconds }: EvaluateOutcome, method: string): string {
  return scoreSeconds.find((found) => found.method === method)?.seconds.toFixed(1) ?? '';
}

function text({ estimate, low, high }: Figure): string {
  return `${estimate.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}
