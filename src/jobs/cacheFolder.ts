import os from 'node:os';
import path from 'node:path';

/** The user-level cache: de-quantised weights, hashes, device verdicts. `WHENCE_CACHE` moves it. */
export function cacheFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const { WHENCE_CACHE: own, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = environment;
  if (own) return path.resolve(own);
  if (platform === 'win32' && local) return path.join(local, 'whence');
  if (platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches', 'whence');
  return path.join(xdg || path.join(os.homedir(), '.cache'), 'whence');
}
