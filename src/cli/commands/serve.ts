import type { Command } from 'commander';

/** `whence serve`: the language server, for any editor that speaks LSP. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('The language server for any editor that speaks LSP: rows, tags, hovers, diagnostics, code actions.')
    .requiredOption('--stdio', 'speak over standard input and output')
    .addHelpText(
      'after',
      `
Examples:
  whence serve --stdio                                  # what an editor is told to start for jsonl files`,
    )
    .action(async () => (await import('../run/serve')).runServe());
}
