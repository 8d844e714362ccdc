export interface PackagedFile {
  /** Relative to the repository, with `/`. */
  readonly file: string;
  readonly bytes: number;
}
/** Targets of which onnxruntime-node has binaries, in VS Code's words (`linux-x64`). */
export function supportedTargets(): string[];
/** All files in a package for `target`, sorted by path. */
export function packageFiles(target: string): PackagedFile[];
