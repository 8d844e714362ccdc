import { loadRows } from '../../analyses/rows/loadRows';
import type { DataProblem, InspectDataRequest, InspectDataResult } from '../../protocol/requests';
import type { JobContext } from '../jobContext';
import type { Job } from '../jobTable';
import { openModel, rowContext } from '../loadModel';
import { checkInspectData } from '../requestShapes';
import { dataProblem } from './score';

/** Tokens and trained tokens of data files under a model's tokenizer and template: nothing is computed. */
export const inspectData: Job<InspectDataRequest, InspectDataResult> = { check: checkInspectData, run: countTokens };

async function countTokens(request: InspectDataRequest, context: JobContext): Promise<InspectDataResult> {
  const model = await openModel(request.model, context);
  const problems: DataProblem[] = [];
  const files: InspectDataResult['files'][number][] = [];
  for (const source of request.data) {
    const counts = { file: source.label, rows: 0, tokens: 0, trainedTokens: 0, longestRow: 0, truncatedRows: 0 };
    for await (const loaded of loadRows(source, rowContext(model, request.maxLength))) {
      problems.push(...loaded.problems.map(dataProblem));
      for (const { encoded } of loaded.rows) {
        counts.rows += 1;
        counts.tokens += encoded.ids.length;
        counts.trainedTokens += encoded.labels.reduce((sum, label, t) => sum + (t > 0 && label !== -100 ? 1 : 0), 0);
        counts.longestRow = Math.max(counts.longestRow, encoded.ids.length);
        counts.truncatedRows += encoded.truncated > 0 ? 1 : 0;
      }
    }
    files.push(counts);
  }
  return { files, problems };
}
