import * as vscode from 'vscode';
import type { BehaviourCase, TestedBehaviour } from '../../protocol/behaviour';
import type { CoreContext } from '../context';

/** The workspace's behaviour tests, and how they went last. */
export interface Behaviours {
  cases(): readonly BehaviourCase[];
  /** Where they lie; null: whence.json names none. */
  uri(): vscode.Uri | null;
  /** Why they could not be read; null: they were. */
  problem(): string | null;
  readonly onChange: vscode.Event<void>;
  /** Reads them anew. Starts the server where it does not run. */
  refresh(): Promise<void>;
  /** Keeps how tests went. */
  record(tests: readonly TestedBehaviour[]): void;
  resultOf(id: string): TestedBehaviour | undefined;
  /** Tests that the last model failed when they ran last. */
  failures(): readonly BehaviourCase[];
}

/** Milliseconds of quiet after the file changed before it is read anew. */
const quietTime = 200;

export function createBehaviours(core: CoreContext): Behaviours {
  const changed = new vscode.EventEmitter<void>();
  const results = new Map<string, TestedBehaviour>();
  let cases: readonly BehaviourCase[] = [];
  let uri: vscode.Uri | null = null;
  let problem: string | null = null;
  let watcher: vscode.FileSystemWatcher | undefined;
  let timer: NodeJS.Timeout | undefined;

  /** Tests are watched where they lie: other programs write them too. */
  const watch = (next: vscode.Uri | null): void => {
    if (next?.toString() === uri?.toString()) return;
    uri = next;
    watcher?.dispose();
    watcher = undefined;
    if (uri === null) return;
    const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
    const pattern = new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), name);
    watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const later = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void refresh(), quietTime);
    };
    watcher.onDidChange(later);
    watcher.onDidCreate(later);
    watcher.onDidDelete(later);
  };
  const refresh = async (): Promise<void> => {
    try {
      const server = await core.server();
      const answer = await server.request('whence/behaviours', null);
      cases = answer.cases;
      problem = null;
      watch(answer.uri === null ? null : vscode.Uri.parse(answer.uri));
      for (const id of results.keys()) if (!cases.some((test) => test.id === id)) results.delete(id);
    } catch (error) {
      cases = [];
      problem = error instanceof Error ? error.message : String(error);
      core.output.warn(problem);
    }
    changed.fire();
  };
  core.extension.subscriptions.push(
    changed,
    core.onState(({ behaviours }) => {
      const told = behaviours === null ? null : vscode.Uri.parse(behaviours.uri);
      if (told?.toString() === uri?.toString()) return;
      watch(told);
      void refresh();
    }),
    {
      dispose: () => {
        clearTimeout(timer);
        watcher?.dispose();
      },
    },
  );
  return {
    cases: () => cases,
    uri: () => uri,
    problem: () => problem,
    onChange: changed.event,
    refresh,
    record: (tests) => {
      for (const test of tests) results.set(test.id, test);
    },
    resultOf: (id) => results.get(id),
    failures: () => cases.filter(({ id }) => results.get(id)?.results.at(-1)?.passed === false),
  };
}
