import { existsSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from './temporaryFolder';

/** Folder of Debian's chromium-common, which carries SwiftShader and the Vulkan loader. */
const folder = '/usr/lib/chromium';

/** Environment of a process that is to find SwiftShader as its GPU, or undefined where it is not installed. */
export function swiftShaderEnvironment(): NodeJS.ProcessEnv | undefined {
  const driver = path.join(folder, 'vk_swiftshader_icd.json');
  if (!existsSync(driver)) return undefined;
  return {
    VK_ICD_FILENAMES: driver,
    LD_LIBRARY_PATH: folder,
    XDG_RUNTIME_DIR: temporaryFolder('whence-xdg-'),
  };
}
