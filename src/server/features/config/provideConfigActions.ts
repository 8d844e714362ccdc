import { type CodeAction, CodeActionKind, type Diagnostic } from 'vscode-languageserver-types';

/** `Did you mean "x"?` as a quick fix: the marked key or name gives way to it. */
export function provideConfigActions(uri: string, diagnostics: readonly Diagnostic[]): CodeAction[] {
  return diagnostics.flatMap((diagnostic) => {
    const meant = /Did you mean "([^"\\]+)"\?$/.exec(String(diagnostic.message))?.[1];
    const isName = diagnostic.code === 'unknown-key' || diagnostic.code === 'unknown-name';
    if (meant === undefined || !isName || diagnostic.source !== 'whence') return [];
    return [
      {
        title: `Change to "${meant}"`,
        kind: CodeActionKind.QuickFix,
        isPreferred: true,
        diagnostics: [diagnostic],
        edit: { changes: { [uri]: [{ range: diagnostic.range, newText: JSON.stringify(meant) }] } },
      },
    ];
  });
}
