import * as vscode from 'vscode';
import type { WhenceApi } from '../../../../src/client/extension';
import type { FindingsView } from '../../../../src/protocol/editorFindings';
import type { TraceMethod } from '../../../../src/protocol/influence';
import { waitFor } from '../../support/waitFor';

/** Address of a file of the opened folder. */
export function fileOf(relativePath: string): vscode.Uri {
  return vscode.Uri.joinPath(vscode.workspace.workspaceFolders![0]!.uri, relativePath);
}

/** Traces the query in a line of queries.jsonl, as the editor does it, and gives the finding that is shown then. */
export async function traceSample(
  { context }: WhenceApi,
  line: number,
  methods: readonly TraceMethod[],
): Promise<FindingsView> {
  const server = await context.server();
  const behaviour = { kind: 'queryLine', uri: fileOf('queries.jsonl').toString(), line } as const;
  const { id } = await server.request('whence/startJob', {
    kind: 'trace',
    model: null,
    behaviour,
    methods,
    rank: 'whenBaseDoesNot',
  });
  await waitFor('the trace', () => {
    const view = context.jobs.get(id);
    if (view?.state === 'failed') throw new Error(`${view.error?.message} ${view.error?.next}`);
    return view?.state === 'done' ? true : undefined;
  });
  const result = await server.request('whence/jobResult', { id });
  if (result?.kind !== 'trace') throw new Error('a trace gave another result');
  await vscode.commands.executeCommand('whence.showTrace', result.trace);
  return waitFor('the finding', () => {
    const view = context.findings.view();
    return view?.active.trace === result.trace ? view : undefined;
  });
}
