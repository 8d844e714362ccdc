import * as vscode from 'vscode';
import type { Analysis, RowTag, StripMark } from '../../protocol/editorFindings';

/** From left to right before a row. */
const analyses: readonly Analysis[] = ['influence', 'probe', 'pruning'];
const levels = ['strong', 'weak'] as const;
type Level = (typeof levels)[number];
type StripTone = Exclude<RowTag['tone'], 'agrees' | 'none'>;

const colors: { readonly [T in RowTag['tone']]: string } = {
  promotes: 'whence.promotes',
  opposes: 'whence.opposes',
  agrees: 'descriptionForeground',
  disagrees: 'whence.disagrees',
  proposed: 'whence.proposed',
  none: 'descriptionForeground',
};

/** Lanes differ, so that marks of one line never cover each other. */
const lanes: { readonly [T in StripTone]: vscode.OverviewRulerLane } = {
  promotes: vscode.OverviewRulerLane.Right,
  opposes: vscode.OverviewRulerLane.Left,
  disagrees: vscode.OverviewRulerLane.Center,
  proposed: vscode.OverviewRulerLane.Center,
};

/** The decoration types of tags and strips; they live as long as the extension. */
export interface MarkTypes extends vscode.Disposable {
  setTags(editor: vscode.TextEditor, tags: readonly RowTag[]): void;
  setStrip(editor: vscode.TextEditor, marks: readonly StripMark[]): void;
}

export function createMarkTypes(): MarkTypes {
  const tagTypes = tagTypesInOrder();
  const stripTypes = new Map<string, vscode.TextEditorDecorationType>();
  for (const tone of Object.keys(lanes) as StripTone[])
    for (const level of levels)
      stripTypes.set(`${tone} ${level}`, vscode.window.createTextEditorDecorationType(stripOptions(tone, level)));
  return {
    setTags: (editor, tags) => {
      for (const [analysis, type] of tagTypes) {
        const own = tags.filter((tag) => tag.analysis === analysis);
        editor.setDecorations(type, own.map(tagDecoration));
      }
    },
    setStrip: (editor, marks) => {
      for (const [key, type] of stripTypes) editor.setDecorations(type, stripRanges(marks, key));
    },
    dispose: () => {
      for (const type of [...tagTypes.values(), ...stripTypes.values()]) type.dispose();
    },
  };
}

/**
 * One type an analysis. The editor puts marks of the same place in the order of their types' keys as texts ("…Type10"
 * before "…Type9"), so keys are handed out in that order.
 */
function tagTypesInOrder(): ReadonlyMap<Analysis, vscode.TextEditorDecorationType> {
  const rangeBehavior = vscode.DecorationRangeBehavior.ClosedClosed;
  const types = analyses.map(() => vscode.window.createTextEditorDecorationType({ rangeBehavior }));
  types.sort((a, b) => (a.key < b.key ? -1 : 1));
  return new Map(analyses.map((analysis, i) => [analysis, types[i]!] as const));
}

function tagDecoration({ line, text, tone, state }: RowTag): vscode.DecorationOptions {
  const range = new vscode.Range(line, 0, line, 0);
  const before: vscode.ThemableDecorationAttachmentRenderOptions = {
    // Spaces of the editor collapse; a tag keeps its width.
    contentText: `${text.replaceAll(' ', '\u00a0')}\u00a0`,
    color: new vscode.ThemeColor(state === 'stale' ? 'descriptionForeground' : colors[tone]),
    fontStyle: state === 'stale' ? 'italic' : 'normal',
    // Signs may come from a font of another width: rows stay aligned all the same.
    width: `${[...text].length + 1}ch`,
  };
  return { range, renderOptions: { before } };
}

function stripOptions(tone: StripTone, level: Level): vscode.DecorationRenderOptions {
  const weak = level === 'weak' && (tone === 'promotes' || tone === 'opposes') ? 'Weak' : '';
  return {
    overviewRulerColor: new vscode.ThemeColor(`${colors[tone]}${weak}`),
    overviewRulerLane: lanes[tone],
  };
}

function stripRanges(marks: readonly StripMark[], key: string): vscode.Range[] {
  return marks
    .filter(({ tone, strength }) => `${tone} ${strength >= 0.5 ? 'strong' : 'weak'}` === key)
    .map(({ line }) => new vscode.Range(line, 0, line, 0));
}
