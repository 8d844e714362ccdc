import { randomBytes } from 'node:crypto';
import os from 'node:os';

/** Host names are free text; in file names they are lower-case letters, digits and dashes. */
function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 32) || 'unknown'
  );
}

/** This machine, as part of a file name. */
export function hostSlug(): string {
  return slug(os.hostname());
}

/** This user on this machine, as part of a file name. */
export function personSlug(): string {
  return `${slug(userName())}-${hostSlug()}`;
}

/** `user@host`, for people. */
export function personName(): string {
  return `${userName()}@${os.hostname()}`;
}

function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    // In a container the numeric user may have no name.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/** A name no other writer has, on any machine: `HOST-PID-RANDOM`. */
export function newWriter(): string {
  return `${hostSlug()}-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Whether a process of this machine is running. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
