import { type LoadedRow, loadRows } from '../../analyses/rows/loadRows';
import {
  planScoring,
  type RowScore,
  type ScorableRow,
  scoreRows,
  scoringMemory,
} from '../../analyses/scoring/scoreRows';
import type { RowProblem } from '../../data/types';
import type { LanguageModel } from '../../model/openLanguageModel';
import type { DataProblem, ScoredRow, ScoredRows, ScoreRequest, ScoreResult } from '../../protocol/requests';
import { threadsOf } from '../deviceVerdicts';
import { javaScriptMemory } from '../javaScriptMemory';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { identify, loadModel, rowContext } from '../loadModel';
import { checkScore } from '../requestShapes';

/** Losses of the rows of data files, sent batch by batch in file order. */
export const score: Job<ScoreRequest, ScoreResult> = { check: checkScore, run: scoreFiles };

async function scoreFiles(request: ScoreRequest, context: JobContext): Promise<ScoreResult> {
  const { compute, batchSize, maxLength } = request;
  const { model, weights } = await loadModel(request.model, compute, context);
  const { device } = await context.device(compute);
  const problems: DataProblem[] = [];
  let done = 0;
  let announced = -1;
  for (const source of request.data) {
    for await (const loaded of loadRows(source, rowContext(model, maxLength))) {
      problems.push(...loaded.problems.map(dataProblem));
      if (loaded.rows.length === 0) continue;
      const start = done;
      const encodedRows = loaded.rows.map(({ encoded }) => encoded);
      const plan = planScoring(encodedRows, batchSize, model.config);
      const bytes = scoringMemory(model, plan);
      if (bytes > announced) announce(model, encodedRows, batchSize, bytes, context);
      announced = Math.max(announced, bytes);
      const scores = await scoreRows(
        encodedRows,
        plan,
        { model, weights, place: { device, threads: threadsOf(compute) }, sessions: context.sessions },
        (rows) => {
          done += rows;
          context.progress({ stage: 'scoring', done, total: start + loaded.rows.length, unit: 'rows' });
        },
      );
      const rows = loaded.rows.map((row, i) => scoredRow(row, scores[i]!, model, request.perToken));
      context.event({ kind: 'scoredRows', rows } satisfies ScoredRows);
    }
  }
  return { model: await identify(model, compute), problems, warnings: model.warnings };
}

/** Announced again where later rows need more. */
function announce(
  model: LanguageModel,
  rows: readonly ScorableRow[],
  batchSize: number,
  bytes: number,
  context: JobContext,
): void {
  const held = javaScriptMemory();
  const smaller = [Math.floor(batchSize / 2), 1].filter((size, i, sizes) => size >= 1 && sizes.indexOf(size) === i);
  const alternatives = smaller
    .filter((size) => size < batchSize)
    .map((size) => ({
      setting: `--batch-size ${size}`,
      bytes: scoringMemory(model, planScoring(rows, size, model.config)) + held,
    }));
  context.announceMemory({ bytes: bytes + held, alternatives });
}

function scoredRow(
  { address, hash, encoded }: LoadedRow,
  { loss, trainedTokens, tokenLosses }: RowScore,
  { text }: LanguageModel,
  perToken: ScoreRequest['perToken'],
): ScoredRow {
  const row = { file: address.file, row: address.row, line: address.line ?? null, hash, loss, trainedTokens };
  if (perToken === 'rows') return row;
  const tokens = [...encoded.ids].map((id, t) => {
    const tokenLoss = tokenLosses[t]!;
    const trained = !Number.isNaN(tokenLoss);
    return { id, text: text.tokenizer.show(id), trained, loss: trained ? tokenLoss : null };
  });
  return { ...row, tokens };
}

/** A problem of a row as it crosses process borders. */
export function dataProblem({ address, severity, code, message, next }: RowProblem): DataProblem {
  return { file: address.file, row: address.row, line: address.line ?? null, severity, code, message, next };
}
