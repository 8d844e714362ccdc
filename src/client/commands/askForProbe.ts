import { open } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { ReadyContext } from '../context';
import { type LabelField, labelFields } from './labelFields';
import type { ProbeJob } from './probe';

/** Bytes of a file in which fields are looked for. */
const headBytes = 4 << 20;
/** Files that the list offers at most. */
const mostFiles = 500;

interface DataFile {
  /** Name in whence.json, or absolute path: what the job takes. */
  readonly name: string;
  readonly uri: vscode.Uri;
}

interface LabelItem extends vscode.QuickPickItem {
  readonly label: string;
  /** null: a direction between two files. */
  readonly of: string | null;
}

/** Asks what is to be probed for, in which rows, and where it is read; undefined: the user thought better of it. */
export async function askForProbe(context: ReadyContext): Promise<ProbeJob | undefined> {
  const files = await dataFiles(context);
  const data = await pickFile(files, vscode.l10n.t('Which rows?'));
  if (data === undefined) return undefined;
  const label = await pickLabel(await fieldsOf(data.uri));
  if (label === undefined) return undefined;
  if (label.of === null) {
    const positive = await pickFile(files, vscode.l10n.t('Towards which rows does the direction lead?'));
    if (positive === undefined) return undefined;
    const others = files.filter(({ name }) => name !== positive.name);
    const negative = await pickFile(others, vscode.l10n.t('Away from which rows?'));
    if (negative === undefined) return undefined;
    const task = { kind: 'concept', positive: [positive.name], negative: [negative.name] } as const;
    return { kind: 'probe', model: null, data: data.name, positions: [], task };
  }
  const positions = await pickPositions(label.of);
  if (positions === undefined || positions.length === 0) return undefined;
  return { kind: 'probe', model: null, data: data.name, positions, task: { kind: 'label', label: label.of, only: [] } };
}

/** Files of rows: the active one first, those of whence.json, then what else lies in the folder. */
async function dataFiles({ language }: ReadyContext): Promise<readonly DataFile[]> {
  const { data } = await language.request('whence/state', null);
  const named = data.map(({ name, uri }) => ({ name, uri: vscode.Uri.parse(uri) }));
  const found = await vscode.workspace.findFiles('**/*.{jsonl,ndjson}', '**/{node_modules,.whence,.git}/**', mostFiles);
  const known = new Set(named.map(({ uri }) => uri.fsPath));
  const others = found
    .filter(({ scheme, fsPath }) => scheme === 'file' && !known.has(fsPath) && !/\.quarantine\.\w+$/.test(fsPath))
    .map((uri) => ({ name: uri.fsPath, uri }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const active = vscode.window.activeTextEditor?.document.uri.fsPath;
  const all = [...named, ...others];
  return [...all.filter(({ uri }) => uri.fsPath === active), ...all.filter(({ uri }) => uri.fsPath !== active)];
}

async function pickFile(files: readonly DataFile[], placeHolder: string): Promise<DataFile | undefined> {
  const items = files.map((file) => {
    const relative = vscode.workspace.asRelativePath(file.uri);
    return { label: relative, description: file.name === file.uri.fsPath ? '' : file.name, file };
  });
  if (items.length === 0) throw new Error(vscode.l10n.t('There is no data file (.jsonl) in this folder.'));
  const title = vscode.l10n.t('Probe');
  return (await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true }))?.file;
}

async function pickLabel(fields: readonly LabelField[]): Promise<LabelItem | undefined> {
  const { t } = vscode.l10n;
  const items: LabelItem[] = [
    ...fields.map(({ name, values }) => ({
      label: `$(symbol-field) ${name}`,
      description: t('{0} values', values.length),
      detail: values
        .slice(0, 5)
        .map(({ value, rows }) => `${value} (${rows})`)
        .join(', '),
      of: name,
    })),
    { label: `$(comment) ${t('The answer')}`, detail: t('Which of a few answers will it be?'), of: 'answer' },
    {
      label: `$(comment) ${t('The first word of the answer')}`,
      detail: t('Is it known before it is said?'),
      of: 'answer:first',
    },
    {
      label: `$(comment) ${t('The last word of the answer')}`,
      detail: t('Is it known before it is said?'),
      of: 'answer:last',
    },
    {
      label: `$(arrow-both) ${t('A direction between two files')}`,
      detail: t('Each row is projected on it: which rows look like the one set, which like the other?'),
      of: null,
    },
  ];
  const placeHolder = t('What is to be read in the model?');
  return vscode.window.showQuickPick(items, { title: t('Probe'), placeHolder, matchOnDetail: true });
}

/** Where the answer itself is the label, it is not read in the answer. */
async function pickPositions(label: string): Promise<readonly string[] | undefined> {
  const { t } = vscode.l10n;
  const all = [
    { label: t('The last token before the answer'), description: 'last', picked: true },
    { label: t('All tokens before the answer, their mean'), description: 'mean', picked: true },
    { label: t('The answer, the mean of its tokens'), description: 'answer', picked: false },
  ];
  const items = label.startsWith('answer') ? all.slice(0, 2) : all;
  const placeHolder = t('Where is it read?');
  const chosen = await vscode.window.showQuickPick(items, { title: t('Probe'), placeHolder, canPickMany: true });
  return chosen?.map(({ description }) => description);
}

/** Fields of the file's first rows that look like labels. */
async function fieldsOf(uri: vscode.Uri): Promise<readonly LabelField[]> {
  const file = await open(uri.fsPath);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return labelFields(buffer.toString('utf8', 0, bytesRead).split('\n'));
  } finally {
    await file.close();
  }
}
