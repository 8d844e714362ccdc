import { type CodeAction, CodeActionKind, type Diagnostic } from 'vscode-languageserver-types';
import type { Say } from '../../../protocol/display/serverText';

/** How a diagnostic ends that names what was meant, in each language of the editor. */
const meantName = /(?:Did you mean "([^"\\]+)"\?|"([^"\\]+)" ではありませんか\?)$/;

/** `Did you mean "x"?` as a quick fix: the marked key or name gives way to it. */
export function provideConfigActions(uri: string, diagnostics: readonly Diagnostic[], say: Say): CodeAction[] {
  return diagnostics.flatMap((diagnostic) => {
    const found = meantName.exec(String(diagnostic.message));
    const meant = found?.[1] ?? found?.[2];
    const isName = diagnostic.code === 'unknown-key' || diagnostic.code === 'unknown-name';
    if (meant === undefined || !isName || diagnostic.source !== 'whence') return [];
    return [
      {
        title: say('fix.changeTo', { name: meant }),
        kind: CodeActionKind.QuickFix,
        isPreferred: true,
        diagnostics: [diagnostic],
        edit: { changes: { [uri]: [{ range: diagnostic.range, newText: JSON.stringify(meant) }] } },
      },
    ];
  });
}
