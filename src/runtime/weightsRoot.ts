import path from 'node:path';
import { inputError } from '../protocol/errors';

/** Where a session finds weights: `folder` goes to `openSession`, `locate` gives a file's location relative to it. */
export interface WeightsRoot {
  readonly folder: string;
  /** @param file absolute, without symbolic links */
  locate(file: string): string;
}

/**
 * The root of the file system that holds all these files. onnxruntime takes weights only from below one folder, so this
 * is `/`, a Windows drive or a network share.
 *
 * @param files absolute paths without symbolic links (`fs.realpath`); none: the root of the working folder
 * @throws UserError `weights-on-two-drives`
 */
export function weightsRoot(files: readonly string[], style: path.PlatformPath = path): WeightsRoot {
  const roots = new Map(files.map((file) => [style.parse(file).root.toLowerCase(), file]));
  if (roots.size > 1) {
    const [first, second] = [...roots.values()];
    throw inputError(
      'weights-on-two-drives',
      `${first} and ${second} are on different drives.`,
      'Copy the files of one model to one drive.',
    );
  }
  const folder = style.parse(files[0] ?? style.resolve('.')).root;
  return {
    folder,
    locate: (file) => style.relative(folder, file).split(style.sep).join('/'),
  };
}
