// The licences of everything that is bundled or shipped: every package of the lock file that is not for development.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export function thirdPartyNotices() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const notices = Object.entries(packages)
    .filter(([folder, entry]) => folder !== '' && entry.dev !== true && existsSync(folder))
    .map(([folder]) => {
      const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
      const texts = readdirSync(folder)
        .filter((file) => /^(?:licen[cs]e|copying|notice|thirdpartynotices)/i.test(file))
        .sort()
        .map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
      return [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n');
    });
  return `Whence contains the following packages.\n\n${notices.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
