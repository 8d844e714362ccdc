import * as vscode from 'vscode';
import { tag } from '../../../protocol/display/rowTag';
import type { FindingRow, FindingsView } from '../../../protocol/editorFindings';
import type { FindingNode } from './findingNodes';

/** How an entry looks, sounds (accessible label) and what Enter does. @param strongest largest |score| of the finding */
export function nodeItem(node: FindingNode, strongest: number): vscode.TreeItem {
  switch (node.kind) {
    case 'headline':
      return headlineItem(node.view);
    case 'rankAnyway':
      return rankAnywayItem();
    case 'group':
      return groupItem(node);
    case 'row':
      return rowItem(node.row, strongest);
  }
}

const headlineIcons: { readonly [V in FindingsView['verdict']]: readonly [icon: string, color: string] } = {
  rowsStandOut: ['target', 'whence.promotes'],
  noRowStandsOut: ['circle-slash', 'descriptionForeground'],
  baseDoesIt: ['history', 'whence.opposes'],
  notRanked: ['question', 'descriptionForeground'],
};

function headlineItem({ verdict, headline, trust }: FindingsView): vscode.TreeItem {
  const titles: { readonly [V in FindingsView['verdict']]: string } = {
    rowsStandOut: vscode.l10n.t('Rows stand out'),
    noRowStandsOut: vscode.l10n.t('No row stands out'),
    baseDoesIt: vscode.l10n.t('The base model does this too'),
    notRanked: vscode.l10n.t('The fine-tune did not make it'),
  };
  const item = new vscode.TreeItem(titles[verdict], vscode.TreeItemCollapsibleState.None);
  const [icon, color] = headlineIcons[verdict];
  item.id = 'headline';
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
  item.description = headline;
  item.contextValue = 'headline';
  const tooltip = new vscode.MarkdownString();
  tooltip.appendText(headline);
  tooltip.appendMarkdown(`\n\n**${vscode.l10n.t('How far to trust it')}**\n\n`);
  for (const sentence of trust) tooltip.appendMarkdown('- ').appendText(sentence).appendMarkdown('\n');
  item.tooltip = tooltip;
  item.accessibilityInformation = { label: `${titles[verdict]}. ${headline}` };
  return item;
}

function rankAnywayItem(): vscode.TreeItem {
  const title = vscode.l10n.t('Rank All the Same');
  const item = new vscode.TreeItem(title, vscode.TreeItemCollapsibleState.None);
  item.id = 'rankAnyway';
  item.iconPath = new vscode.ThemeIcon('list-ordered');
  item.command = { command: 'whence.rankAnyway', title };
  return item;
}

function groupItem({ group, rows }: Extract<FindingNode, { kind: 'group' }>): vscode.TreeItem {
  const percent = (100 * group.share).toFixed(0);
  const label = vscode.l10n.t('Group {0}: {1} %', group.group + 1, percent);
  const listed = rows.reduce((sum, { duplicates }) => sum + 1 + duplicates.length, 0);
  const count = vscode.l10n.t('{0} of {1} rows', listed, group.size);
  const example = oneLine(rows[0]?.traced.text ?? '');
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
  item.id = `group ${group.group}`;
  item.description = `${count} · ${example}`;
  item.iconPath = new vscode.ThemeIcon('group-by-ref-type');
  const share = vscode.l10n.t('{0} % of what promotes it', percent);
  item.tooltip = `${group.title}\n${share}\n${count}\n${example}`;
  item.contextValue = 'group';
  item.accessibilityInformation = { label: `${group.title}, ${share}, ${count}` };
  return item;
}

function rowItem(row: FindingRow, strongest: number): vscode.TreeItem {
  const { traced, duplicates, state, verdict } = row;
  const folded = duplicates.length > 0;
  const collapsed = folded ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None;
  const stale = state === 'stale' ? '~' : '';
  const [asked = '', ...said] = traced.text.split('\n');
  const item = new vscode.TreeItem(`${stale}${traced.rank}  ${asked}`, collapsed);
  const place = placeOf(row);
  const alike = folded ? [vscode.l10n.t('and {0} like it', duplicates.length)] : [];
  item.id = `row ${traced.file} ${traced.row}`;
  item.description = [tag(traced, strongest).trim(), place, ...alike, said.join(' ')].join(' · ');
  item.iconPath = rowIcon(row);
  item.contextValue = `row ${verdict} ${state}`;
  item.tooltip = rowTooltip(row);
  item.command = { command: 'whence.showRow', title: vscode.l10n.t('Show Row'), arguments: [row] };
  const effect = effectOf(row);
  const spoken = [
    vscode.l10n.t('rank {0}', traced.rank),
    effect,
    oneLine(traced.text),
    place,
    ...alike,
    ...statesOf(row),
  ];
  item.accessibilityInformation = { label: spoken.join(', ') };
  return item;
}

/** Prompt and answer stand on lines of their own. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' → ');
}

/** A person's verdict first, then that the row is no more what was traced, then what it does. */
function rowIcon({ traced, state, verdict }: FindingRow): vscode.ThemeIcon {
  if (verdict === 'relevant') return new vscode.ThemeIcon('pass-filled', new vscode.ThemeColor('testing.iconPassed'));
  if (verdict === 'notRelevant')
    return new vscode.ThemeIcon('circle-slash', new vscode.ThemeColor('descriptionForeground'));
  if (state === 'stale') return new vscode.ThemeIcon('edit', new vscode.ThemeColor('descriptionForeground'));
  return traced.score < 0
    ? new vscode.ThemeIcon('triangle-down', new vscode.ThemeColor('whence.opposes'))
    : new vscode.ThemeIcon('triangle-up', new vscode.ThemeColor('whence.promotes'));
}

function effectOf({ traced }: FindingRow): string {
  return traced.score < 0 ? vscode.l10n.t('works against it') : vscode.l10n.t('promotes it');
}

function statesOf({ state, verdict, line }: FindingRow): readonly string[] {
  const texts: string[] = [];
  if (line === null) texts.push(vscode.l10n.t('no longer in the file'));
  else if (state === 'stale') texts.push(vscode.l10n.t('edited since it was traced'));
  if (verdict === 'relevant') texts.push(vscode.l10n.t('marked relevant'));
  if (verdict === 'notRelevant') texts.push(vscode.l10n.t('marked not relevant'));
  return texts;
}

/** `train.jsonl:18`, as the row stands now. */
function placeOf({ traced, line }: FindingRow): string {
  const name = traced.file.slice(traced.file.lastIndexOf('/') + 1);
  return `${name}:${line === null ? (traced.line ?? traced.row + 1) : line + 1}`;
}

function rowTooltip(row: FindingRow): vscode.MarkdownString {
  const { traced } = row;
  const { bm25Rank, kind, normalized } = traced;
  const tooltip = new vscode.MarkdownString();
  tooltip.appendText(`${traced.text}\n\n`);
  const figures = [
    `${effectOf(row)}: ${traced.score.toPrecision(3)} (${vscode.l10n.t('rank {0}', traced.rank)})`,
    ...(kind === null ? [] : [vscode.l10n.t('kind {0}, rank {1}', kind.score.toFixed(2), kind.rank)]),
    ...(normalized === null ? [] : [vscode.l10n.t('normalised {0}', normalized.toPrecision(3))]),
    vscode.l10n.t('rank {0} by words alone (BM25)', bm25Rank),
    ...(traced.aboveNull ? [] : [vscode.l10n.t('not above what control queries score')]),
    ...statesOf(row),
    `${traced.file}:${traced.line ?? traced.row + 1}`,
  ];
  for (const figure of figures) tooltip.appendMarkdown('- ').appendText(figure).appendMarkdown('\n');
  return tooltip;
}
