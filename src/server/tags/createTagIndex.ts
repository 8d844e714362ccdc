import type { RowTag } from '../../protocol/editorFindings';
import type { EditorSettings } from '../../protocol/settings';
import type { AnalysisShelf } from '../analyses/createAnalysisShelf';
import type { FindingIndex, Lines } from '../findings/createFindingIndex';
import type { WorkspaceWatch } from '../workspaceWatch';
import { alignTags } from './alignTags';
import { indexKnownRows, type KnownLine, type KnownRow, type KnownRows, knownLines } from './knownLines';
import { probeLabelWidth, probeTags } from './probeTags';
import { pruningTags } from './pruningTags';

/** The tags of all analyses. */
export interface TagIndex {
  /** By line; of one line in the order influence, probe, pruning. */
  tags(uri: string, lines: Lines, first: number, last: number, settings: EditorSettings): readonly RowTag[];
}

export function createTagIndex(findings: FindingIndex, analyses: AnalysisShelf, workspace: WorkspaceWatch): TagIndex {
  const probed = rowsOfFile(workspace);
  const pruned = rowsOfFile(workspace);
  return {
    tags: (uri, lines, first, last, settings) => {
      const { marksPreset: preset, marksInfluence, marksProbes, marksPruning } = settings;
      const within = <Row extends KnownRow>(rows: KnownRows<Row>): readonly KnownLine<Row>[] =>
        knownLines(lines, first, last, rows, findings.hashOf);
      const tags = marksInfluence ? [...findings.tags(uri, lines, first, last, preset)] : [];
      const probe = marksProbes ? analyses.shown('probe')?.result.probe : undefined;
      if (probe?.kind === 'label') {
        const width = probeLabelWidth(probe.classes.map(({ name }) => name));
        tags.push(...probeTags(within(probed(probe.rows, uri)), width, preset));
      }
      const proposal = marksPruning ? analyses.shown('pruning')?.result : undefined;
      if (proposal !== undefined)
        tags.push(...pruningTags(within(pruned(proposal.rows, uri)), proposal.rows.length, preset));
      // Where only rows that matter have marks, the others keep their place at the left.
      return alignTags(tags, preset === 'quiet' ? [] : rowLines(lines, first, last));
    },
  };
}

function rowLines(lines: Lines, first: number, last: number): readonly number[] {
  const within = Array.from({ length: Math.max(0, Math.min(last, lines.count) - first) }, (_, i) => first + i);
  return within.filter((line) => lines.text(line).trim() !== '');
}

/** Rows are known by content in any file, and by place in their own; put in order once a result and file. */
function rowsOfFile(workspace: WorkspaceWatch) {
  let of: readonly KnownRow[] | undefined;
  const byUri = new Map<string, KnownRows<KnownRow>>();
  return <Row extends KnownRow & { readonly file: string }>(rows: readonly Row[], uri: string): KnownRows<Row> => {
    if (of !== rows) byUri.clear();
    of = rows;
    const known = byUri.get(uri) as KnownRows<Row> | undefined;
    if (known !== undefined) return known;
    const own = rows.filter(({ file }) => workspace.uriOf(file) === uri);
    const indexed = indexKnownRows(rows, own);
    byUri.set(uri, indexed);
    return indexed;
  };
}
