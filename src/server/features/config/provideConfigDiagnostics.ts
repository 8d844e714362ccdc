import { findNodeAtOffset, type Node } from 'jsonc-parser';
import { type Diagnostic, DiagnosticSeverity } from 'vscode-languageserver-types';
import { type ConfigProblem, type ConfigText, parseConfigText } from '../../../data/config/check';
import { recipeProblems } from '../../../data/recipe';
import { checkWorkspaceText } from '../../../data/workspace/load';
import { LineText } from '../../documents/lineText';
import { diagnosticSource } from '../provideDiagnostics';
import { type ConfigKind, isSane } from './configText';

const mostProblems = 200;

/** What an editor finds out itself that is given the JSON schema of the file. */
const foundBySchema: readonly string[] = ['bad-json', 'bad-value', 'unknown-key', 'duplicate-key'];

/**
 * What is wrong with a configuration file as it stands in the editor.
 *
 * @param file absolute path, for paths in it
 * @param schema `byEditor`: the editor checks the JSON schema itself, so that only names and paths are left to say
 */
export async function provideConfigDiagnostics(
  kind: ConfigKind,
  file: string,
  text: string,
  schema: 'byServer' | 'byEditor',
): Promise<Diagnostic[]> {
  if (!isSane(text)) return [];
  const found = kind === 'recipe' ? recipeProblems(file, text) : (await checkWorkspaceText(file, text)).problems;
  const problems = schema === 'byServer' ? found : found.filter(({ code }) => !foundBySchema.includes(code));
  const lines = new LineText(text);
  const config = parseConfigText(file, text);
  return problems.slice(0, mostProblems).map((problem) => {
    const { severity, code, message, next } = problem;
    const start = lines.offsetAt({ line: problem.line - 1, character: problem.column - 1 });
    const node = markedNode(config, problem, start);
    const [begin, end] = node === undefined ? [start, start + 1] : [node.offset, node.offset + node.length];
    return {
      range: { start: lines.positionAt(begin), end: lines.positionAt(end) },
      severity: severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
      source: diagnosticSource,
      code,
      message: `${message.slice(message.startsWith(file) ? message.indexOf(': ') + 2 : 0)} ${next}`.slice(0, 2000),
    };
  });
}

/** The key where the key is wrong; else the value, unless it is an object, whose brace is enough. */
function markedNode(config: ConfigText, { code }: ConfigProblem, offset: number): Node | undefined {
  if (config.root === undefined || code === 'bad-json') return undefined;
  const node = findNodeAtOffset(config.root, offset);
  if (code === 'unknown-key') {
    const property = node?.parent?.type === 'property' ? node.parent : undefined;
    return property?.children?.[0] ?? node;
  }
  return node === undefined || node.type === 'object' || node.type === 'array' ? undefined : node;
}
