/** Whether two stretches of files hold the same bytes, read in step and left at the first difference. */
import { readExactly, withFile } from '../../data/fileAccess';

export interface FileRange {
  readonly file: string;
  readonly offset: number;
  readonly byteLength: number;
}

const chunkBytes = 4 << 20;

export function sameBytes(left: FileRange, right: FileRange): boolean {
  if (left.byteLength !== right.byteLength) return false;
  return withFile(left.file, (leftOpen) =>
    withFile(right.file, (rightOpen) => {
      for (let done = 0; done < left.byteLength; done += chunkBytes) {
        const length = Math.min(chunkBytes, left.byteLength - done);
        const leftBytes = Buffer.allocUnsafe(length);
        const rightBytes = Buffer.allocUnsafe(length);
        readExactly(leftOpen, leftBytes, left.offset + done);
        readExactly(rightOpen, rightBytes, right.offset + done);
        if (!leftBytes.equals(rightBytes)) return false;
      }
      return true;
    }),
  );
}
