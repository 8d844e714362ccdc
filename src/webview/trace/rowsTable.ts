import { html, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import { tag } from '../../protocol/display/rowTag';
import type { TracedQuery, TracedRow } from '../../protocol/influence';
import type { Figures } from '../shared/figures';
import type { SeriesStyle } from '../shared/seriesStyles';
import type { TableColumn } from '../shared/virtualTable';
import { groupLooks, lookOf } from './traceFigures';

/** The columns of the table of rows. */
export function rowColumns(query: TracedQuery, texts: PanelTexts, figures: Figures): readonly TableColumn<TracedRow>[] {
  const looks = groupLooks(query);
  const strongest = query.rows.reduce((most, { score }) => Math.max(most, Math.abs(score)), 0);
  const by = (value: (row: TracedRow) => number) => (a: TracedRow, b: TracedRow) =>
    value(a) - value(b) || a.rank - b.rank;
  const absent = Number.NEGATIVE_INFINITY;
  return [
    {
      key: 'rank',
      title: texts.rank,
      help: texts.rankHelp,
      track: '4.8rem',
      align: 'end',
      cell: ({ rank }) => figures.count(rank),
      order: by(({ rank }) => rank),
      first: 'ascending',
    },
    {
      key: 'tag',
      title: texts.tag,
      help: texts.tagHelp,
      track: '5.2rem',
      align: 'start',
      cell: (row) => tagCell(row, strongest, texts),
      order: undefined,
      first: 'descending',
    },
    {
      key: 'text',
      title: texts.text,
      help: texts.textHelp,
      track: 'minmax(15rem, 1fr)',
      align: 'start',
      cell: ({ text, file, line, row }) =>
        html`<span title=${`${file}:${line ?? row}\n${text}`}>${text.replace(/\s*\n\s*/g, ' ⏎ ')}</span>`,
      order: (a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0),
      first: 'ascending',
    },
    {
      key: 'score',
      title: texts.cause,
      help: texts.causeHelp,
      track: '5.6rem',
      align: 'end',
      cell: ({ score }) => figures.score(score),
      order: by(({ score }) => score),
      first: 'descending',
    },
    {
      key: 'kind',
      title: texts.kind,
      help: texts.kindHelp,
      track: '4.2rem',
      align: 'end',
      cell: ({ kind }) => (kind === null ? '–' : figures.plain(kind.score)),
      order: by(({ kind }) => kind?.score ?? absent),
      first: 'descending',
    },
    {
      key: 'group',
      title: texts.group,
      help: texts.groupHelp,
      track: '4.4rem',
      align: 'end',
      cell: ({ group }) => groupCell(group, lookOf(looks, group)),
      order: by(({ group }) => group),
      first: 'ascending',
    },
    {
      key: 'bm25',
      title: texts.bm25Rank,
      help: texts.bm25RankHelp,
      track: '4.4rem',
      align: 'end',
      cell: ({ bm25Rank }) => figures.count(bm25Rank),
      order: by(({ bm25Rank }) => bm25Rank),
      first: 'ascending',
    },
    {
      key: 'self',
      title: texts.selfInfluence,
      help: texts.selfInfluenceHelp,
      track: '5.6rem',
      align: 'end',
      cell: ({ selfInfluence }) => (selfInfluence === null ? '–' : figures.score(selfInfluence)),
      order: by(({ selfInfluence }) => selfInfluence ?? absent),
      first: 'descending',
    },
    {
      key: 'place',
      title: texts.line,
      help: texts.lineHelp,
      track: '4.4rem',
      align: 'end',
      cell: ({ line, row }) => figures.count(line ?? row),
      order: (a, b) => (a.file === b.file ? a.row - b.row : a.file < b.file ? -1 : 1),
      first: 'ascending',
    },
  ];
}

/** The mark as it stands before the row in the editor, in words for screen readers. */
function tagCell(row: TracedRow, strongest: number, texts: PanelTexts): TemplateResult {
  const says = row.score > 0 ? texts.promotes : row.score < 0 ? texts.opposes : texts.neither;
  const above = row.aboveNull ? texts.aboveNull : texts.belowNull;
  return html`<span class="tag ${row.aboveNull ? 'tag-above' : 'tag-below'}" role="img" aria-label="${says}, ${above}" title="${says}, ${above}">${tag(row, strongest)}</span>`;
}

export function groupCell(group: number, { mark, color }: SeriesStyle): TemplateResult {
  return html`<span class="series" aria-hidden="true" .style=${`color: ${color}`}>${mark}</span> ${group}`;
}
