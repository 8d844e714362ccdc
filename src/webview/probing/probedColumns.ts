import { html, type TemplateResult } from 'lit';
import type { PanelTexts } from '../../protocol/display/panelTexts';
import type { ProjectedRow } from '../../protocol/probing';
import type { Figures } from '../shared/figures';
import type { TableColumn } from '../shared/virtualTable';
import type { CellRow, Side } from './probingFigures';

/** A row that stands in a file. */
interface Placed {
  readonly file: string;
  readonly row: number;
  readonly line: number | null;
  readonly text: string;
}

export function rowKey({ file, row }: Pick<Placed, 'file' | 'row'>): string {
  return `${file}#${row}`;
}

/** The columns of the rows behind a cell. */
export function probedColumns(side: Side, texts: PanelTexts, figures: Figures): readonly TableColumn<CellRow>[] {
  const by = (value: (row: CellRow) => number) => (a: CellRow, b: CellRow) => value(a) - value(b);
  const named = (value: (row: CellRow) => string) => (a: CellRow, b: CellRow) => compare(value(a), value(b));
  const read = (key: string, title: string, value: (row: CellRow) => string): TableColumn<CellRow> => ({
    key,
    title,
    help: texts.readHelp,
    track: 'minmax(6rem, 11rem)',
    align: 'start',
    cell: (row) => readCell(value(row), row.row.label, texts),
    order: named(value),
    first: 'ascending',
  });
  return [
    {
      key: 'rank',
      title: texts.doubt,
      help: texts.doubtHelp,
      track: '4.8rem',
      align: 'end',
      cell: ({ row }) =>
        html`${figures.count(row.rank)}${row.disagrees ? html` <span aria-hidden="true">◇</span>` : ''}`,
      order: by(({ row }) => row.rank),
      first: 'ascending',
    },
    {
      key: 'label',
      title: texts.label,
      help: texts.labelHelp,
      track: 'minmax(6rem, 11rem)',
      align: 'start',
      cell: ({ row }) => html`<span title=${row.label}>${row.label}</span>`,
      order: named(({ row }) => row.label),
      first: 'ascending',
    },
    ...(side === 'difference'
      ? [
          read('base', texts.baseReads, ({ baseRead }) => baseRead ?? ''),
          read('read', texts.tunedReads, (row) => row.read),
        ]
      : [read('read', texts.readAs, (row) => row.read)]),
    {
      key: 'probability',
      title: texts.probability,
      help: texts.probabilityHelp,
      track: '5.4rem',
      align: 'end',
      cell: ({ row }) => figures.plain(row.probability),
      order: by(({ row }) => row.probability),
      first: 'ascending',
    },
    {
      key: 'margin',
      title: texts.margin,
      help: texts.marginHelp,
      track: '4.8rem',
      align: 'end',
      cell: ({ row }) => figures.signed(row.margin),
      order: by(({ row }) => row.margin),
      first: 'ascending',
    },
    ...placeColumns<CellRow>(({ row }) => row, texts, figures),
  ];
}

/** The columns of rows along a direction. */
export function projectedColumns(texts: PanelTexts, figures: Figures): readonly TableColumn<ProjectedRow>[] {
  const value = (key: string, title: string, of: (row: ProjectedRow) => number | null): TableColumn<ProjectedRow> => ({
    key,
    title,
    help: texts.projectionHelp,
    track: '6.2rem',
    align: 'end',
    cell: (row) => {
      const found = of(row);
      return found === null ? '–' : figures.signed(found);
    },
    order: (a, b) => (of(a) ?? Number.NEGATIVE_INFINITY) - (of(b) ?? Number.NEGATIVE_INFINITY),
    first: 'descending',
  });
  return [
    {
      key: 'rank',
      title: texts.projectionRank,
      help: texts.projectionRankHelp,
      track: '4.8rem',
      align: 'end',
      cell: ({ rank }) => figures.count(rank),
      order: (a, b) => a.rank - b.rank,
      first: 'ascending',
    },
    value('projection', texts.projection, ({ projection }) => projection),
    value('tuned', texts.sideTuned, ({ tuned }) => tuned),
    value('base', texts.sideBase, ({ base }) => base),
    ...placeColumns<ProjectedRow>((row) => row, texts, figures),
  ];
}

function placeColumns<Row>(of: (row: Row) => Placed, texts: PanelTexts, figures: Figures): readonly TableColumn<Row>[] {
  return [
    {
      key: 'place',
      title: texts.line,
      help: texts.lineHelp,
      track: '4.4rem',
      align: 'end',
      cell: (row) => figures.count(of(row).line ?? of(row).row),
      order: (a, b) => compare(of(a).file, of(b).file) || of(a).row - of(b).row,
      first: 'ascending',
    },
    {
      key: 'text',
      title: texts.text,
      help: texts.textHelp,
      track: 'minmax(16rem, 1fr)',
      align: 'start',
      cell: (row) => {
        const { file, line, row: number, text } = of(row);
        return html`<span title=${`${file}:${line ?? number}\n${text}`}>${text.replace(/\s*\n\s*/g, ' ⏎ ')}</span>`;
      },
      order: (a, b) => compare(of(a).text, of(b).text),
      first: 'ascending',
    },
  ];
}

/** What was read, by shape and word beside the label: never by colour alone. */
function readCell(read: string, label: string, texts: PanelTexts): TemplateResult {
  const right = read === label;
  const says = right ? texts.readRight : texts.readWrong;
  return html`<span class=${right ? 'read-right' : 'read-wrong'} title="${read}: ${says}"><span aria-hidden="true">${right ? '◆' : '◇'}</span> ${read}<span class="only-read">, ${says}</span></span>`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
