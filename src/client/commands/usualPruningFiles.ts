import path from 'node:path';

/** Names that files of each use tend to have. */
const usual = {
  realign: /realign|refus/i,
  harmful: /harmful|unsafe|attack/i,
  benign: /benign|harmless/i,
  tests: /in-domain|tests?\b|tasks?\b|behaviou?rs/i,
} as const;

/** Whether a file's name says that it holds realign rows. */
export function isRealignFile(file: string): boolean {
  return usual.realign.test(path.posix.basename(file));
}

/** The files whose names say what they hold. @param realign never measured on */
export function usualPruningFiles(
  files: readonly string[],
  realign: string,
): { readonly harmful: string | null; readonly benign: string | null; readonly tests: string | null } {
  const others = files.filter((file) => file !== realign);
  const named = (pattern: RegExp): string | null =>
    others.find((file) => pattern.test(path.posix.basename(file))) ?? null;
  return { harmful: named(usual.harmful), benign: named(usual.benign), tests: named(usual.tests) };
}
